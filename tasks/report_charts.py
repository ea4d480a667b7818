"""The charts of the daily report as data: plotly figures as plain dicts, and the grid of monthly returns.

1. Nothing a stranger wrote gets into a figure: only times and numbers do.
2. The colours are mid tones without a background, so that one figure reads well on light and on dark paper.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any

import numpy as np

from core.backtest.tearsheet import Year
from core.reporting.daily import EquityPoint, ModelCurve
from core.types import Array, Ints

Figure = dict[str, Any]
"""What plotly.js takes: data, layout, config."""

ACCOUNT, BACKTEST, DRAWDOWN, TEXT, GRID = "#2f7ebc", "#8a7ab8", "#c8584c", "#7d8791", "rgba(125,135,145,0.22)"

MOST_POINTS = 2_000
"""A minutely account has half a million points a year; a page cannot show more than a few per pixel."""


def account_figure(points: Sequence[EquityPoint]) -> Figure | None:
    """Draw the account's equity and its drawdown; None below two points, which make no curve."""
    if len(points) < 2:
        return None
    values = np.array([float(point.equity) for point in points])
    shown = _telling(values)
    times = [points[row].at for row in shown]
    return _figure(times, ("Account equity", ACCOUNT, values[shown]), _drawdown(values, values[0])[shown])


def model_figure(curve: ModelCurve) -> Figure | None:
    """Draw the backtest's equity, on a log scale because it compounds, and its drawdown; None below two days."""
    if len(curve.days) < 2:
        return None
    values = np.array(curve.equity)
    figure = _figure(curve.days, ("Backtest, start = 1", BACKTEST, values), _drawdown(values, 1.0))
    figure["layout"]["yaxis"]["type"] = "log"
    return figure


def monthly_returns(curve: ModelCurve) -> tuple[Year, ...]:
    """Compound the backtest's daily equity into calendar months, oldest year first; the first and last may be short."""
    ends = {(day.year, day.month): value for day, value in zip(curve.days, curve.equity, strict=True)}
    years: dict[int, dict[int, float]] = {}
    before = 1.0
    for (year, month), value in ends.items():
        years.setdefault(year, {})[month] = value / before - 1.0
        before = value
    return tuple(_year(number, months) for number, months in years.items())


def _year(number: int, months: dict[int, float]) -> Year:
    total = float(np.prod([1.0 + value for value in months.values()])) - 1.0
    return Year(number, tuple(months.get(month) for month in range(1, 13)), total)


def _telling(values: Array) -> Ints:
    """Choose rows to draw: all of them, or the lowest and highest of each stretch, so that no peak or trough is lost."""
    if len(values) <= MOST_POINTS:
        return np.arange(len(values))
    stretches = np.array_split(np.arange(len(values)), MOST_POINTS // 2)
    extremes = [rows[pick(values[rows])] for rows in stretches for pick in (np.argmin, np.argmax)]
    return np.unique([0, *extremes, len(values) - 1])


def _drawdown(values: Array, start: float) -> Array:
    peak = np.maximum(np.maximum.accumulate(values), start)
    return np.divide(values, peak, out=np.ones_like(values), where=peak > 0) - 1.0


def _figure(times: Sequence[datetime], equity: tuple[str, str, Array], drawdown: Array) -> Figure:
    name, colour, values = equity
    x = [f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" for at in times]
    above = {"name": name, "y": numbers(values), "line": {"color": colour, "width": 1.6}}
    below = {
        "name": "Drawdown",
        "y": numbers(drawdown),
        "yaxis": "y2",
        "fill": "tozeroy",
        "fillcolor": "rgba(200,88,76,0.16)",
        "line": {"color": DRAWDOWN, "width": 1},
        "hovertemplate": "%{y:.2%}",
    }
    data = [{"type": "scatter", "mode": "lines", "x": x, **trace} for trace in (above, below)]
    return {"data": data, "layout": layout(), "config": {"displayModeBar": False, "responsive": True}}


def numbers(values: Array) -> list[float | None]:
    """Write values for plotly: eight significant digits are more than a screen shows; what is not a number leaves a hole."""
    return [float(f"{value:.8g}") if isfinite(value) else None for value in values.tolist()]


def layout() -> Figure:
    """Return the layout of an equity above its drawdown."""
    axis = {"gridcolor": GRID, "zeroline": False, "fixedrange": True, "automargin": True, "nticks": 5}
    return {
        "autosize": True,
        "margin": {"l": 8, "r": 8, "t": 28, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": TEXT, "size": 12, "family": "system-ui, -apple-system, Segoe UI, Roboto, sans-serif"},
        "dragmode": False,
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "hoverlabel": {"bgcolor": "#20262d", "bordercolor": "#20262d", "font": {"color": "#f2f3f4", "size": 12}},
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "font": {"size": 11}},
        "xaxis": {**axis, "type": "date", "anchor": "y2", "hoverformat": "%Y-%m-%d %H:%M UTC", "showgrid": False},
        "yaxis": {**axis, "domain": [0.36, 1], "tickformat": ",.4~f", "hoverformat": ",.2f"},
        "yaxis2": {**axis, "domain": [0, 0.28], "tickformat": ".2~%", "rangemode": "tozero", "nticks": 3},
    }
