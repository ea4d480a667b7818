"""The way a price takes within a bar, of which only open, high, low and close are known."""

Path = tuple[float, float, float, float]


def bar_path(opened: float, high: float, low: float, close: float) -> Path:
    """Return the bar's four prices in the order in which they are lived: open, the nearer extreme, the farther, close.

    An assumption, decided by the bar alone so that it is the same every time: a bar goes first where the way is shorter (low
    first when both are as near). In truth a stop and a limit inside one bar may have been reached in the other order.

    Examples
    --------
    >>> bar_path(100.0, 110.0, 98.0, 105.0)
    (100.0, 98.0, 110.0, 105.0)
    """
    if opened - low <= high - opened:
        return opened, low, high, close
    return opened, high, low, close
