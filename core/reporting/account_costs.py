"""What trading cost an account, in basis points of the value traded, beside what the backtest assumes for the same fills."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.backtest.costs import BPS, CostConfig
from core.deploy.shadow import execution
from core.execution.orders import Fill
from core.portfolio import Market
from core.reporting.earnings import Earned


@dataclass(frozen=True, slots=True)
class CostLine:
    """One kind of cost; positive was paid.

    Parameters
    ----------
    paid : quote currency
    bps : of the value traded
    model_bps : what the model assumes for the same fills; None where it assumes nothing
    """

    name: str
    paid: Decimal
    bps: float
    model_bps: float | None


@dataclass(frozen=True, slots=True)
class AccountCosts:
    """Costs of all trades so far; `traded` is their value, quote currency."""

    traded: Decimal
    lines: tuple[CostLine, ...]


def account_costs(
    market: Market, costs: CostConfig, fills: Sequence[Fill], reference: Mapping[tuple[str, str], Decimal], paid: Earned
) -> AccountCosts | None:
    """Hold what was paid against the model's fee, half spread and impact; None without a trade.

    Parameters
    ----------
    reference : price each fill is held against, see `core.reporting.earnings.references`; the slippage is of these
    paid : everything the account earned and paid
    """
    trades = [fill for fill in fills if fill.kind == "trade"]
    traded = _value(trades)
    if not traded:
        return None
    priced = [fill for fill in trades if (fill.symbol, fill.exec_id) in reference]
    beyond, slipped = execution(market, costs, priced).slippage_bps, _bps(-paid.slippage, _value(priced))
    return AccountCosts(
        traded,
        (
            CostLine("Fees", -paid.fees, _bps(-paid.fees, traded), costs.fee / BPS),
            CostLine("Slippage", -paid.slippage, slipped, None if beyond is None else slipped - beyond),
            CostLine("Funding", -paid.funding, _bps(-paid.funding, traded), None),
        ),
    )


def _value(fills: Sequence[Fill]) -> Decimal:
    return sum((fill.quantity * fill.price for fill in fills), Decimal(0))


def _bps(amount: Decimal, value: Decimal) -> float:
    return float(amount / value) / BPS if value else 0.0
