"""The no-trade band: one rule for the backtest and for live orders."""


def worth_trading(target: float, held: float, band: float) -> bool:
    """Say whether to move from what is held to the target.

    Opening, closing and changing sides always are; otherwise the gap must exceed `band` times the target.

    Parameters
    ----------
    target, held : in the same unit, signed; a NaN target is never worth trading
    band : fraction of the target
    """
    return (target * held <= 0.0 and target != held) or abs(target - held) > band * abs(target)
