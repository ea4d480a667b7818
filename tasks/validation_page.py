"""A night's validation as one HTML page: the decision first, then everything it rests on. The same night gives the same bytes.

Tested in tests/tasks/test_validation_page.py.
"""

from core.reporting.attribution import Part
from core.reporting.rulings import rulings
from core.reporting.validation import WHOLE_RANGE, Tried, Validation
from core.validation.robust import IDLE
from tasks.html_page import page
from tasks.report_charts import Figure
from tasks.trial_charts import cloud_figure, followed_figure, logit_figure
from tasks.validation_charts import cone_figure, equity_figure, histogram_figure

MOST_PARTS = 10
"""So many of the best and of the worst parts of an attribution are told, if there are more than twice as many."""
BEST_TRIALS = 10
"""Trials of the search over the whole range that are told."""

Ends = tuple[tuple[Part, ...], tuple[Part, ...]]
"""Parts from the top, and from the bottom."""


def validation_page(seen: Validation) -> str:
    """Draw the page; see `tasks.html_page.page`."""
    return page(
        "validation.html.j2",
        _figures(seen),
        seen=seen,
        night=seen.night,
        rulings=rulings(seen.night.evidence, seen.limits),
        best=_best(seen.trials),
        idle=sum(trial.score <= IDLE for trial in seen.trials),
        sources=_sources(seen),
    )


def _figures(seen: Validation) -> dict[str, Figure | None]:
    drawn: dict[str, Figure | None] = {
        "fold-curve": equity_figure(seen),
        "trial-cloud": cloud_figure(seen.trials),
        "trial-sequel": followed_figure(seen.trials),
        "pbo-logits": logit_figure(seen.overfitting.logits) if seen.overfitting else None,
    }
    return drawn | (_futures(seen) if seen.picture else {})


def _futures(seen: Validation) -> dict[str, Figure | None]:
    assert seen.picture is not None
    stress, limit = seen.night.stress, seen.limits.max_drawdown
    deep = ((stress.drawdown_1_in_20, "1 in 20 is deeper"), (-limit, "limit"))
    return {
        "future-cone": cone_figure(seen.picture.cone, seen.bar_ms, limit),
        "future-drawdowns": histogram_figure(seen.picture.drawdowns, deep),
        "future-returns": histogram_figure(seen.picture.returns, ((0.0, "nothing gained"),)),
    }


def _best(trials: tuple[Tried, ...]) -> tuple[Tried, ...]:
    ranked = sorted((trial for trial in trials if trial.study == WHOLE_RANGE), key=lambda trial: (-trial.score, trial.number))
    return tuple(ranked[:BEST_TRIALS])


def _sources(seen: Validation) -> tuple[tuple[str, int, Ends], ...]:
    """Return the cuts of the profit: heading, number of parts, and those that are told."""
    found = seen.attribution
    if found is None:
        return ()
    cuts = (
        ("By source", found.by_source),
        ("By side", found.by_side),
        ("By sleeve", tuple(sorted(found.by_sleeve, key=lambda part: -part.earned))),
        ("By symbol", found.by_symbol),
    )
    return tuple((name, len(parts), _ends(parts)) for name, parts in cuts)


def _ends(parts: tuple[Part, ...]) -> Ends:
    return (parts, ()) if len(parts) <= 2 * MOST_PARTS else (parts[:MOST_PARTS], parts[-MOST_PARTS:])
