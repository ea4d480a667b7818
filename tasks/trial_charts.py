"""The charts of a search's trials as data: parameters against scores, scores against what followed, what choosing is worth.

Only numbers and the names of our own parameters get into a figure.
"""

from itertools import cycle
from math import isfinite

import numpy as np

from core.optimize.search import Params
from core.reporting.validation import WHOLE_RANGE, Tried
from core.types import Array
from core.validation.robust import IDLE
from tasks.report_charts import ACCOUNT, DRAWDOWN, GRID, Figure, numbers
from tasks.validation_charts import drawn_as, plain_layout

FOLDS = (ACCOUNT, "#d08a2e", "#4c9a8f", "#8a7ab8", "#b56576", "#7a8f3c")
"""Of the folds' trials, in turn."""
FAINT = "rgba(125,135,145,0.45)"
LOG_RATIO = 10
"""A whole number whose largest value is so many times its smallest is drawn on a log scale."""
LOGIT_BINS = 30


def cloud_figure(trials: tuple[Tried, ...]) -> Figure | None:
    """Draw every searched parameter against the score, in panels two abreast; None when no trial ever traded."""
    drawn = [trial for trial in trials if trial.score > IDLE]
    names = searched(drawn)
    if not names:
        return None
    shape = plain_layout(hovermode="closest")
    shape["grid"] = {"rows": -(-len(names) // 2), "columns": min(2, len(names)), "pattern": "independent", "ygap": 0.4}
    axes = {"xaxis": shape.pop("xaxis"), "yaxis": shape.pop("yaxis")}
    del axes["yaxis"]["domain"]  # the grid places the panels
    data: list[Figure] = []
    for place, name in enumerate(names, 1):
        number = "" if place == 1 else str(place)
        shape[f"yaxis{number}"] = {**axes["yaxis"], "anchor": f"x{number}"}
        shape[f"xaxis{number}"] = {**axes["xaxis"], **_scale([trial.params for trial in drawn], name), "anchor": f"y{number}"}
        data += [_points(drawn, name, number, whole=whole) for whole in (False, True)]
    return drawn_as(data, shape)


def followed_figure(trials: tuple[Tried, ...]) -> Figure | None:
    """Draw the Sharpe that followed against the score, fold by fold; None when nothing followed."""
    drawn = [trial for trial in trials if trial.score > IDLE and isfinite(trial.oos_sharpe)]
    if not drawn:
        return None
    folds = dict.fromkeys(trial.study for trial in drawn)
    shape = plain_layout(hovermode="closest")
    shape["xaxis"] |= {"title": {"text": "score in sample"}, "showgrid": True, "hoverformat": ".2f"}
    shape["yaxis"] |= {"title": {"text": "Sharpe out of sample"}, "zeroline": True, "zerolinecolor": GRID}
    return drawn_as([_fold(drawn, fold, colour) for fold, colour in zip(folds, cycle(FOLDS), strict=False)], shape)


def logit_figure(logits: Array) -> Figure | None:
    """Draw the logits of the choice's rank out of sample; what counts as overfitting, 0 and below, in another colour."""
    widest = float(np.abs(logits).max(initial=0.0))
    if widest <= 0.0:
        return None
    edges = np.linspace(-widest, widest, LOGIT_BINS + 1)
    parts = (("lower half out of sample", DRAWDOWN, logits[logits <= 0.0]), ("upper half", ACCOUNT, logits[logits > 0.0]))
    middle = numbers((edges[1:] + edges[:-1]) / 2)
    data: list[Figure] = [
        {"type": "bar", "name": name, "x": middle, "y": np.histogram(some, edges)[0].tolist(), "marker": {"color": colour}}
        for name, colour, some in parts
    ]
    shape = plain_layout(hovermode="closest") | {"barmode": "stack", "bargap": 0.05}
    shape["xaxis"] |= {"title": {"text": "logit of the rank out of sample"}, "hoverformat": ".2f"}
    shape["yaxis"] |= {"rangemode": "tozero", "tickformat": ",d", "hoverformat": ",d"}
    shape["legend"]["traceorder"] = "normal"
    return drawn_as(data, shape)


def searched(trials: list[Tried]) -> list[str]:
    """Return the parameters that differ among the trials, in their own order."""
    names = dict.fromkeys(name for trial in trials for name in trial.params)
    return [name for name in names if len({str(trial.params.get(name)) for trial in trials}) > 1]


def _scale(params: list[Params], name: str) -> Figure:
    """Return how one parameter's axis is drawn: by name for what is not a number, on a log scale where it spans decades."""
    title, values = {"title": {"text": name, "standoff": 4}}, [one[name] for one in params if name in one]
    if not all(_is_number(value) for value in values):
        return {**title, "type": "category"}
    wide = all(isinstance(value, int) for value in values) and max(values) >= LOG_RATIO * min(values) > 0
    return {**title, "type": "log", "dtick": "D2"} if wide else title


def _points(trials: list[Tried], name: str, number: str, *, whole: bool) -> Figure:
    """Draw the folds' trials, or those of the search over the whole range, in one panel."""
    some = [trial for trial in trials if (trial.study == WHOLE_RANGE) is whole and name in trial.params]
    words = "search over all bars" if whole else "folds"
    return {
        "type": "scatter",
        "mode": "markers",
        "name": words,
        "legendgroup": words,
        "showlegend": not number,
        "xaxis": f"x{number}",
        "yaxis": f"y{number}",
        "x": [value if _is_number(value := trial.params[name]) else str(value) for trial in some],
        "y": numbers(np.array([trial.score for trial in some])),
        "marker": {"color": ACCOUNT if whole else FAINT, "size": 5 if whole else 3.5},
        "hovertemplate": "%{x}: %{y:.2f}<extra></extra>",
    }


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fold(trials: list[Tried], fold: str, colour: str) -> Figure:
    some = [trial for trial in trials if trial.study == fold]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": fold,
        "x": numbers(np.array([trial.score for trial in some])),
        "y": numbers(np.array([trial.oos_sharpe for trial in some])),
        "marker": {"color": colour, "size": 4.5, "opacity": 0.75},
    }
