"""The charts of a validation as data: equity in and out of sample, a resampled year, the trials, what choosing them is worth.

Only times, numbers and the names of our own parameters get into a figure. What is not a number leaves a hole; so does an
equity of 0 on a log scale.
"""

from math import isfinite

import numpy as np

from core.market.timeframe import DAY
from core.reporting.validation import FoldLine, Track, Validation
from core.types import Array
from core.validation.stressed import SHARES, Cone, Histogram
from tasks.report_charts import ACCOUNT, BACKTEST, DRAWDOWN, Figure, layout, numbers

SHADE = "rgba(125,135,145,0.13)"
"""Paper behind every other fold."""
OUTER, INNER, MEDIAN = "rgba(47,126,188,0.14)", "rgba(47,126,188,0.26)", 0.5
BANDS = (None, OUTER, INNER, INNER, OUTER)
"""Paper below each quantile of a cone, down to the one before."""
DEEP = "rgba(200,88,76,0.16)"


def equity_figure(seen: Validation) -> Figure | None:
    """Draw both equities, each 1 where the walk-forward begins, its drawdown and its folds; None below two days."""
    inside, outside = seen.in_sample, seen.out_of_sample
    if len(outside.days) < 2:
        return None
    above = (
        _line("In sample", inside, _rebased(inside, outside), BACKTEST, 1.0),
        _line("Out of sample", outside, _on_log(outside.equity), ACCOUNT, 1.8),
    )
    below = _line("Out of sample, drawdown", outside, numbers(outside.drawdown), DRAWDOWN, 1.0)
    fill = {"yaxis": "y2", "fill": "tozeroy", "fillcolor": DEEP, "hovertemplate": "%{y:.2%}", "showlegend": False}
    shape = layout()
    shape["xaxis"]["hoverformat"] = "%Y-%m-%d UTC"
    shape["yaxis"] |= {"type": "log"}
    shape["shapes"] = [_shading(fold) for fold in seen.folds[::2]]
    shape["annotations"] = [_number(k, fold) for k, fold in enumerate(seen.folds, 1)]
    return drawn_as([*above, below | fill], shape)


def cone_figure(cone: Cone, bar_ms: int, limit: float) -> Figure:
    """Draw the quantiles of equity above those of the deepest drawdown so far, with the gate's limit for it."""
    days = numbers(np.array(cone.bars) * (bar_ms / DAY))
    shape = layout()
    shape["xaxis"] |= {"type": "linear", "hoverformat": ".0f", "title": {"text": "days ahead"}}
    shape["yaxis"] |= {"domain": [0.5, 1], "tickformat": ".2~f"}
    shape["yaxis2"] |= {"domain": [0, 0.4]}
    shape["shapes"] = [_level(-limit)]
    return drawn_as([*_bands(days, cone.equity, "y", ".3f"), *_bands(days, cone.drawdown, "y2", ".1%")], shape)


def histogram_figure(drawn: Histogram, marks: tuple[tuple[float, str], ...]) -> Figure:
    """Draw counts as bars, and upright lines at some values, named."""
    edges = np.array(drawn.edges)
    bars = {
        "type": "bar",
        "x": numbers((edges[1:] + edges[:-1]) / 2),
        "y": list(drawn.counts),
        "width": numbers(np.diff(edges)),
        "marker": {"color": BACKTEST},
        "hovertemplate": "%{x:.1%}: %{y:,} paths<extra></extra>",
    }
    shape = plain_layout(hovermode="closest")
    shape["xaxis"] |= {"tickformat": ".0%"}
    shape["yaxis"] |= {"rangemode": "tozero", "showticklabels": False}
    known = [(value, name) for value, name in marks if isfinite(value)]
    shape["shapes"] = [_upright(value) for value, _ in known]
    shape["annotations"] = [_over(value, name, level) for level, (value, name) in enumerate(known)]
    return drawn_as([bars], shape)


def drawn_as(data: list[Figure], shape: Figure) -> Figure:
    """Put traces and layout together."""
    return {"data": data, "layout": shape, "config": {"displayModeBar": False, "responsive": True}}


def plain_layout(*, hovermode: str) -> Figure:
    """Return the layout of one plot of numbers against numbers."""
    shape = layout()
    del shape["yaxis2"]
    shape["xaxis"] |= {"type": "linear", "anchor": "y", "hoverformat": ""}
    shape["yaxis"] |= {"domain": [0, 1], "tickformat": ".2~f"}
    return shape | {"hovermode": hovermode}


def _line(name: str, drawn: Track, y: list[float | None], colour: str, width: float) -> Figure:
    days = [str(day) for day in drawn.days.astype("datetime64[D]")]
    return {"type": "scatter", "mode": "lines", "name": name, "x": days, "y": y, "line": {"color": colour, "width": width}}


def _on_log(equity: Array) -> list[float | None]:
    return numbers(np.where(equity > 0.0, equity, np.nan))


def _rebased(inside: Track, outside: Track) -> list[float | None]:
    """Scale the equity in sample to 1 on the eve of the walk-forward, if it was alive then."""
    before = inside.equity[inside.days < outside.days[0]]
    base = float(before[-1]) if len(before) else 1.0
    return _on_log(inside.equity / base if base > 0.0 else inside.equity)


def _shading(fold: FoldLine) -> Figure:
    ends = {"x0": f"{fold.first:%Y-%m-%d}", "x1": f"{fold.last:%Y-%m-%d}", "y0": 0, "y1": 1}
    return {"type": "rect", "xref": "x", "yref": "paper", **ends, "fillcolor": SHADE, "line": {"width": 0}, "layer": "below"}


def _number(k: int, fold: FoldLine) -> Figure:
    """Write a fold's number in the middle of its test, above the drawdown."""
    place = {"x": f"{fold.first + (fold.last - fold.first) / 2:%Y-%m-%d}", "xref": "x", "y": 0.36, "yref": "paper"}
    return {**place, "text": str(k), "showarrow": False, "yanchor": "bottom"}


def _bands(x: list[float | None], rows: tuple[tuple[float, ...], ...], axis: str, form: str) -> list[Figure]:
    """Draw five quantiles as two nested bands around their median."""
    line = {"type": "scatter", "mode": "lines", "x": x, "yaxis": axis, "showlegend": False}
    return [
        line
        | {"name": f"{share:.0%} are below", "y": numbers(np.array(row)), "hovertemplate": f"%{{y:{form}}}"}
        | {"line": {"color": ACCOUNT, "width": 1.8 if share == MEDIAN else 0.0}}
        | ({"fill": "tonexty", "fillcolor": fill} if fill else {})
        for share, row, fill in zip(SHARES, rows, BANDS, strict=True)
    ]


def _level(value: float) -> Figure:
    line = {"color": DRAWDOWN, "width": 1, "dash": "dot"}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": "y2", "y0": value, "y1": value, "line": line}


def _upright(value: float) -> Figure:
    line = {"color": DRAWDOWN, "width": 1, "dash": "dot"}
    return {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "xref": "x", "x0": value, "x1": value, "line": line}


def _over(value: float, name: str, level: int) -> Figure:
    """Name an upright line, each a line of text below the one before, so that near values do not collide."""
    place = {"x": value, "xref": "x", "y": 1 - 0.1 * level, "yref": "paper", "xanchor": "left", "yanchor": "top"}
    return {**place, "text": name, "showarrow": False, "font": {"size": 11}}
