"""The charts of a backtest's page as data: equity and drawdown beside the benchmarks, shaded by regime, and monthly turnover.

Only times and numbers get into a figure, and names that this program wrote.
"""

from datetime import timedelta

import numpy as np

from core.regimes import Regime, Spell
from core.reporting.backtested import Curve, Detail
from tasks.report_charts import BACKTEST, DRAWDOWN, GRID, Figure, layout, numbers

COLOURS = (BACKTEST, "#d08a2e", "#4c9a8f")
"""Of the book and of the benchmarks, in the order of the curves."""

SHADES = {
    Regime.BULL: "rgba(58,150,96,0.17)",
    Regime.BEAR: "rgba(200,88,76,0.15)",
    Regime.SIDEWAYS: "rgba(125,135,145,0.10)",
    Regime.HIGH_VOLATILITY: "rgba(214,164,52,0.22)",
    Regime.CRISIS: "rgba(150,40,100,0.26)",
}
"""Paper behind the equity in each regime; none where the regime is unknown."""


def equity_figure(detail: Detail) -> Figure | None:
    """Draw every equity on a log scale, because it compounds, and every drawdown; None below two days, which make no curve."""
    if len(detail.days) < 2:
        return None
    x = [f"{day:%Y-%m-%d}" for day in detail.days]
    drawn = zip(detail.curves, COLOURS, strict=False)
    data = [trace for place, (curve, colour) in enumerate(drawn) for trace in _traces(x, curve, colour, first=place == 0)]
    shape = layout()
    shape["xaxis"]["hoverformat"] = "%Y-%m-%d UTC"
    shape["yaxis"] |= {"type": "log", "dtick": "D2"}
    shape["shapes"] = [_shading(spell) for spell in detail.spells if spell.regime in SHADES]
    return {"data": data, "layout": shape, "config": {"displayModeBar": False, "responsive": True}}


def turnover_figure(detail: Detail) -> Figure | None:
    """Draw the turnover of each month as a bar, in multiples of equity; None below two months."""
    if len(detail.months) < 2:
        return None
    bars = {
        "type": "bar",
        "name": "Turnover",
        "x": [f"{year}-{month:02d}-01" for year, month, _ in detail.months],
        "y": numbers(np.array([turnover for *_, turnover in detail.months])),
        "marker": {"color": BACKTEST},
        "hovertemplate": "%{y:.2f} x equity<extra></extra>",
    }
    shape = layout()
    del shape["yaxis2"]
    shape["xaxis"] |= {"anchor": "y", "hoverformat": "%B %Y", "tickformat": "%b %Y"}
    shape["yaxis"] |= {"domain": [0, 1], "rangemode": "tozero", "gridcolor": GRID, "hoverformat": ".2f"}
    shape |= {"bargap": 0.25, "showlegend": False}
    return {"data": [bars], "layout": shape, "config": {"displayModeBar": False, "responsive": True}}


def _traces(x: list[str], curve: Curve, colour: str, *, first: bool) -> tuple[Figure, Figure]:
    """Draw one equity and its drawdown; the book's own stands out, and its drawdown is filled."""
    line = {"type": "scatter", "mode": "lines", "x": x, "legendgroup": curve.name}
    width = 1.8 if first else 1.0
    above = {**line, "name": curve.name, "y": numbers(np.array(curve.equity)), "line": {"color": colour, "width": width}}
    below = {
        **line,
        "name": f"{curve.name}, drawdown",
        "showlegend": False,
        "y": numbers(np.array(curve.drawdown)),
        "yaxis": "y2",
        "line": {"color": DRAWDOWN if first else colour, "width": 1 if first else 0.8},
        "hovertemplate": "%{y:.2%}",
    }
    return above, below | ({"fill": "tozeroy", "fillcolor": "rgba(200,88,76,0.16)"} if first else {})


def _shading(spell: Spell) -> Figure:
    return {
        "type": "rect",
        "xref": "x",
        "yref": "y domain",
        "x0": f"{spell.first:%Y-%m-%d}",
        "x1": f"{spell.last + timedelta(days=1):%Y-%m-%d}",
        "y0": 0,
        "y1": 1,
        "fillcolor": SHADES[spell.regime],
        "line": {"width": 0},
        "layer": "below",
    }
