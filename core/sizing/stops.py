"""Stops of the model book, in average true ranges. Off unless asked for."""

from typing import Annotated

from pydantic import Field

from core.config import Bars, Config

Multiple = Annotated[float, Field(ge=0.0, le=100.0)]


class StopsConfig(Config):
    """When a position leaves between decisions. 0 means never.

    Research only: the live flow sends no conditional orders yet, and so no release with stops can be deployed.
    """

    trail_atr: Multiple = 0.0
    """Distance from the best price since entry, in average true ranges of the bar before."""
    stop_atr: Multiple = 0.0
    """Distance from the entry, in average true ranges at the entry."""
    atr_bars: Bars = 24
    """Bars over which the true range is smoothed (Wilder)."""
