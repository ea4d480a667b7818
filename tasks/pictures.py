"""Pictures for where no browser draws: PNG for Discord and for Prefect's pages, readable 400 pixels wide.

1. The same data gives the same bytes: a figure is made and thrown away, nothing of matplotlib's global state is touched.
2. matplotlib is loaded when the first picture is drawn, so that a quiet tick never pays for it.

Both are tested in tests/tasks/test_pictures.py.
"""

import base64
import io
from collections.abc import Sequence
from datetime import UTC
from importlib import import_module
from typing import Any

import numpy as np

from core.reporting.account_returns import EquityPoint, growth, water
from core.reporting.exposures import Exposures
from core.reporting.night import Night
from core.types import Array
from tasks.report_charts import telling

WIDTH, HEIGHT, DPI = 5.0, 3.6, 160
"""Inches and dots an inch: 800 x 576 pixels, so that type of 9 points is 10 pixels high when shown 400 wide."""

MOST_NAMED = 8
"""Folds named below their bars; there is no room for more."""

INK, RULE, PAPER = "#1d2228", "#dcdcd6", "#ffffff"
EQUITY, LOSS, LONG, SHORT, IN_SAMPLE = "#2f7ebc", "#c8584c", "#3a9660", "#c8584c", "#b9b2d2"


def account_picture(points: Sequence[EquityPoint]) -> bytes:
    """Draw what the account was worth, transfers taken out, above its drawdown."""
    if len(points) < 2:
        return _sentence("The curve starts with the second look at the account.")
    figure = _figure()
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2.3, 1))
    grown = growth(points)
    rows = telling(grown)
    at = [points[row].at for row in rows]
    above.plot(at, 100.0 * (grown[rows] - 1.0), color=EQUITY, linewidth=1.6)
    above.axhline(0.0, color=RULE, linewidth=1.0, zorder=0)
    _titled(above, f"Return {grown[-1] - 1.0:+.2%}", f"{points[-1].at:%Y-%m-%d %H:%M} UTC")
    fallen = 100.0 * water(grown)
    below.fill_between(at, fallen[rows], color=LOSS, alpha=0.35, linewidth=0)
    below.plot(at, fallen[rows], color=LOSS, linewidth=1.0)
    _titled(below, f"Drawdown now {fallen[-1]:.2f}%, deepest {fallen.min():.2f}%", "")
    return _png(figure, (above, below), unit="%")


def exposure_picture(seen: Exposures) -> bytes:
    """Draw long and short exposure, and what is left of them."""
    if len(seen.at) < 2:
        return _sentence("There are fewer than two bars to draw the exposure at.")
    figure = _figure()
    axes = figure.subplots()
    rows = telling(np.array(seen.gross))
    at, up, down, net = ([values[row] for row in rows] for values in (seen.at, *_percent(seen)))
    axes.fill_between(at, up, color=LONG, alpha=0.35, linewidth=0, step="post")
    axes.fill_between(at, down, color=SHORT, alpha=0.35, linewidth=0, step="post")
    axes.plot(at, net, color=INK, linewidth=1.3, drawstyle="steps-post")
    axes.axhline(0.0, color=RULE, linewidth=1.0, zorder=0)
    _titled(axes, f"Long {up[-1]:.0f}%, short {down[-1]:.0f}%, net {net[-1]:+.0f}% of equity", f"{at[-1]:%Y-%m-%d %H:%M} UTC")
    return _png(figure, (axes,), unit="%")


def night_picture(night: Night) -> bytes:
    """Draw the Sharpe ratio of every fold, on the bars it was found on and on those that followed."""
    if not night.fold_sharpes:
        return _sentence("The night had no fold.")
    figure = _figure()
    axes = figure.subplots()
    place = np.arange(len(night.fold_sharpes))
    found, followed = (np.array(column) for column in zip(*night.fold_sharpes, strict=True))
    axes.bar(place - 0.2, found, width=0.38, color=IN_SAMPLE)
    axes.bar(place + 0.2, followed, width=0.38, color=np.where(followed > 0, LONG, LOSS))
    axes.axhline(0.0, color=INK, linewidth=0.8)
    named = place[:: -(-len(place) // MOST_NAMED)]
    axes.set_xticks(named, [f"fold {k + 1}" for k in named])
    objections = len(night.objections)
    said = "no objection" if not objections else f"{objections} objection{'s' * (objections > 1)}"
    _titled(axes, f"{night.decision.capitalize()}: {said}", "Sharpe, pale: in sample")
    return _png(figure, (axes,))


def data_url(png: bytes) -> str:
    """Return the picture as an address that holds it."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _percent(seen: Exposures) -> tuple[Array, Array, Array]:
    return 100.0 * np.array(seen.long), 100.0 * np.array(seen.short), 100.0 * np.array(seen.net)


def _figure() -> Any:
    library = import_module("matplotlib.figure")
    return library.Figure(figsize=(WIDTH, HEIGHT), dpi=DPI, facecolor=PAPER, layout="constrained")


def _titled(axes: Any, title: str, aside: str) -> None:
    axes.set_title(title, loc="left", fontsize=10, color=INK, fontweight="bold")
    axes.set_title(aside, loc="right", fontsize=8, color=INK)


def _sentence(says: str) -> bytes:
    figure = _figure()
    figure.text(0.5, 0.5, says, ha="center", va="center", fontsize=10, color=INK)
    return _png(figure, ())


def _png(figure: Any, axes: Sequence[Any], unit: str = "") -> bytes:
    for one in axes:
        one.yaxis.set_major_formatter(f"{{x:g}}{unit}")
        one.tick_params(labelsize=9, colors=INK, length=0)
        one.grid(visible=True, axis="y", color=RULE, linewidth=0.7)
        one.set_axisbelow(True)
        one.spines[:].set_visible(False)
        if one.xaxis.have_units():
            _dated(one)
    out = io.BytesIO()
    figure.savefig(out, format="png", metadata={"Software": None})  # the version of matplotlib is not part of the picture
    return out.getvalue()


def _dated(axes: Any) -> None:
    library = import_module("matplotlib.dates")
    locator = library.AutoDateLocator(minticks=2, maxticks=6, tz=UTC)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(library.ConciseDateFormatter(locator, tz=UTC))
