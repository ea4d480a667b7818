"""Where orders go: the paper exchange in this process, or an account at a real venue. Money needs a second yes."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from core.backtest.costs import CostConfig
from core.errors import ConfigError
from core.exchange.state import Terms
from core.market.instrument import Instrument
from core.market.timeframe import milliseconds
from storage.store import Store
from tasks import clock
from tasks.settings import Settings
from tasks.venues.binance import BinanceVenue
from tasks.venues.bybit import BybitVenue
from tasks.venues.paper import paper_venue
from tasks.venues.port import Venue
from tasks.venues.simulated.world import PanelWorld

PAPER = "paper"
"""Name of the account that nobody named."""

LOOK_BACK = timedelta(days=2)
"""Bars the paper exchange is given before the account's last tick."""

VENUES: dict[str, Callable[..., Venue]] = {"bybit": BybitVenue, "binance": BinanceVenue}


class PaperBars(NamedTuple):
    """Whose bars the paper exchange lives through, and from when."""

    market: str
    timeframe: str
    since: datetime
    rules: tuple[Instrument, ...]


def connected(config: Settings, books: Store, bars: PaperBars, at: datetime | None) -> AbstractContextManager[Venue]:
    """Connect to where the settings send orders.

    Parameters
    ----------
    at : the moment to trade at, on recorded bars; None is the present

    Raises
    ------
    ConfigError
        When real orders are asked for without keys, without the second yes, or at a moment that is not the present.
    """
    return _paper(config, books, bars, at) if config.mode == "paper" else _account(config, at)


@contextmanager
def _paper(config: Settings, books: Store, bars: PaperBars, at: datetime | None) -> Iterator[Venue]:
    """Open the paper exchange over the stored bars, the one that opens now included: an exchange knows its open, we do not."""
    until = (at or clock.now()) + timedelta(milliseconds=1)
    panel = books.bars.panel(bars.market, bars.timeframe, bars.since - LOOK_BACK, until)
    with paper_venue(
        PanelWorld(panel, bars.rules),
        books.paper,
        account=config.account,
        balance=config.paper_balance,
        terms=_terms(CostConfig()),
        clock=None if at else clock.milliseconds,
    ) as paper:
        if at:
            paper.exchange.advance_to(milliseconds(at))
        yield paper.venue


@contextmanager
def _account(config: Settings, at: datetime | None) -> Iterator[Venue]:
    if at is not None:
        raise ConfigError(f"mode {config.mode} trades in the present only: leave --at away, or use TRADEWIND_MODE=paper")
    if config.api_key is None or config.api_secret is None:
        raise ConfigError(f"mode {config.mode} needs TRADEWIND_API_KEY and TRADEWIND_API_SECRET")
    if config.account == PAPER:
        raise ConfigError(
            f"mode {config.mode}: the account {PAPER!r} has paper fills in its books; name another, TRADEWIND_ACCOUNT"
        )
    if config.mode == "live" and config.confirm_live != config.account:
        raise ConfigError(
            f"mode live trades real money: confirm it with TRADEWIND_CONFIRM_LIVE={config.account}, the account's name"
        )
    yield VENUES[config.exchange](
        config.account,
        base_url=config.exchange_url,
        environment=config.mode,
        api_key=config.api_key.get_secret_value(),
        secret=config.api_secret.get_secret_value(),
    )


def _terms(costs: CostConfig) -> Terms:
    return Terms(taker_bps=Decimal(str(costs.taker_bps)), slippage_bps=Decimal(str(costs.half_spread_bps)))
