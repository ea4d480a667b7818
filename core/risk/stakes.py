"""The rules about what is held: how much, on what margin, and what the venue did to it.

Each takes the view and the limits and returns one sentence, or nothing when it does not fire.
"""

from core.risk.exposure import LimitName, measures
from core.risk.limits import RiskConfig
from core.risk.view import RiskView


def gross_exposure(view: RiskView, limits: RiskConfig) -> str:
    """Fire when all positions together are too much."""
    return _breaches(view, limits, "max_gross")


def net_exposure(view: RiskView, limits: RiskConfig) -> str:
    """Fire when the account leans too far to one side."""
    return _breaches(view, limits, "max_net")


def symbol_exposure(view: RiskView, limits: RiskConfig) -> str:
    """Fire when one position is too much."""
    return _breaches(view, limits, "max_symbol")


def asset_exposure(view: RiskView, limits: RiskConfig) -> str:
    """Fire when the positions on one coin are too much."""
    return _breaches(view, limits, "max_asset")


def liquidity(view: RiskView, limits: RiskConfig) -> str:
    """Fire when a position is too much of what its market trades in a day."""
    return _breaches(view, limits, "max_volume_share")


def unpriced(view: RiskView, _limits: RiskConfig) -> str:
    """Fire when something has no price: nobody knows how much it is."""
    return f"held, or in flight, without a price: {listed(view.exposure.unpriced)}" if view.exposure.unpriced else ""


def margin_use(view: RiskView, limits: RiskConfig) -> str:
    """Fire when too much of the equity is tied up."""
    if view.margin_use < limits.max_margin_use:
        return ""
    return f"{view.margin_use:.1%} of the equity is tied up as margin, limit {limits.max_margin_use:.1%}"


def liquidated(view: RiskView, _limits: RiskConfig) -> str:
    """Fire for a day after the venue closed a position by force."""
    return f"the venue closed by force: {listed(view.liquidated)}" if view.liquidated else ""


def listed(names: tuple[str, ...]) -> str:
    """Name the first three and count the rest."""
    rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + rest


def _breaches(view: RiskView, limits: RiskConfig, name: LimitName) -> str:
    mine = (measure for measure in measures(view.exposure, limits) if measure.limited_by == name)
    return listed(tuple(str(measure) for measure in mine if measure.is_breached))
