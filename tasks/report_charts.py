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
from core.reporting.account_returns import EquityPoint, growth, water
from core.reporting.beside import Beside
from core.reporting.daily import ModelCurve
from core.reporting.exposures import Exposures
from core.types import Array, Ints

Figure = dict[str, Any]
"""What plotly.js takes: data, layout, config."""

ACCOUNT, BACKTEST, DRAWDOWN, TEXT, GRID = "#2f7ebc", "#8a7ab8", "#c8584c", "#7d8791", "rgba(125,135,145,0.22)"

LONG = "#3a9660"
CONFIG = {"displayModeBar": False, "responsive": True}

MOST_POINTS = 2_000
"""A minutely account has half a million points a year; a page cannot show more than a few per pixel."""


def account_figure(points: Sequence[EquityPoint]) -> Figure | None:
    """Draw the account's equity and its drawdown; None below two points, which make no curve."""
    if len(points) < 2:
        return None
    values = np.array([float(point.equity) for point in points])
    shown = telling(values)
    times = [points[row].at for row in shown]
    return _figure(times, ("Account equity", ACCOUNT, values[shown]), water(growth(points))[shown])


def model_figure(curve: ModelCurve) -> Figure | None:
    """Draw the backtest's equity, on a log scale because it compounds, and its drawdown; None below two days."""
    if len(curve.days) < 2:
        return None
    values = np.array(curve.equity)
    figure = _figure(curve.days, ("Backtest, start = 1", BACKTEST, values), _drawdown(values, 1.0))
    figure["layout"]["yaxis"]["type"] = "log"
    return figure


def beside_figure(beside: Beside | None) -> Figure | None:
    """Draw the account and the model over the same bars, both starting at 1, and what is between them."""
    if beside is None:
        return None
    account, model = np.array(beside.account), np.array(beside.model)
    shown = telling(account)
    times = [beside.at[row] for row in shown]
    figure = _figure(times, ("Account", ACCOUNT, account[shown]), (account - model)[shown])
    below = figure["data"][1] | {"name": "Account less model", "line": {"color": TEXT, "width": 1}, "fillcolor": GRID}
    between = {**figure["data"][0], "name": "Model", "y": numbers(model[shown]), "line": {"color": BACKTEST, "width": 1.6}}
    figure["data"] = [figure["data"][0], between, below]
    figure["layout"]["yaxis2"] |= {"rangemode": "normal"}
    return figure


def exposure_figure(seen: Exposures) -> Figure | None:
    """Draw long and short exposure as areas, gross and net as lines; None below two bars."""
    if len(seen.at) < 2:
        return None
    shown = telling(np.array(seen.gross))
    x = [f"{seen.at[row]:%Y-%m-%d %H:%M:%S}" for row in shown]
    lines = (
        ("Gross", seen.gross, TEXT),
        ("Long", seen.long, LONG),
        ("Short", seen.short, DRAWDOWN),
        ("Net", seen.net, ACCOUNT),
    )
    data = [_line(x, name, np.array(values)[shown], colour) for name, values, colour in lines]
    shape = layout()
    del shape["yaxis2"]
    shape["xaxis"] |= {"anchor": "y"}
    shape["yaxis"] |= {"domain": [0, 1], "tickformat": ".0%", "hoverformat": ".1%"}
    return {"data": data, "layout": shape, "config": CONFIG}


def _line(x: list[str], name: str, values: Array, colour: str) -> Figure:
    drawn = {"type": "scatter", "mode": "lines", "x": x, "name": name, "y": numbers(values)}
    return {**drawn, "line": {"color": colour, "width": 1.2, "shape": "hv"}}


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


def telling(values: Array) -> Ints:
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
    return {"data": data, "layout": layout(), "config": CONFIG}


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
