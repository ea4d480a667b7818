"""HTML pages that ask nobody for anything: style, script and figures are all inside them.

1. Every word on a page is escaped; its own policy forbids the browser any outside request.
2. A page is written whole or not at all.

Tested in tests/tasks/test_report_page.py.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from core.backtest.tearsheet import Year
from tasks import report_text as text
from tasks.report_charts import Figure
from tasks.whole_files import write_whole

TONES = {"ALLOW": "good", "REDUCE_ONLY": "warn", "REJECTED": "bad", "DEAD": "bad", "UNKNOWN": "warn"}
"""Colour of a verdict or an order's state."""


def page(template: str, figures: dict[str, Figure | None], **values: Any) -> str:
    """Draw a template; what is in `figures` and is not None becomes a curve where the template has a place for it.

    Returns
    -------
    A whole HTML document of about 5 MB, nearly all of it plotly.js
        Readable without scripts, too: only the curves need them.
    """
    return _PAGES.get_template(template).render(
        text=text,
        figures={name: figure for name, figure in figures.items() if figure is not None},
        plotly=Markup(get_plotlyjs()),  # noqa: S704 - the installed library, not a stranger
        **values,
    )


def write_page(html: str, path: Path) -> Path:
    """Write the page next to where it belongs and move it there in one step; folders are made.

    Raises
    ------
    StoreError
        When the disk is full or the place cannot be written; an older page at `path` is still there then.
    """
    return write_whole(html.encode(errors="replace"), path)  # half a character pair in a message must not cost us the page


def _typeset(write: Callable[[Any], str]) -> Callable[[Any], str]:
    """Write a number with a real minus sign, which is as wide as the plus."""
    return lambda value: write(value).replace("-", "−")


def _tone(value: Decimal | float) -> str:
    return "gain" if value > 0 else "loss" if value < 0 else ""


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC).day} {at.astimezone(UTC):%B %Y}"


def _verdict_tone(verdict: str) -> str:
    return TONES.get(verdict, "bad")


def _state_tone(state: str) -> str:
    return TONES.get(state, "plain")


def _heat(value: float, years: tuple[Year, ...]) -> str:
    """Return how strongly a month is tinted, 0 to 1: its size against the largest on the page."""
    largest = max(abs(month) for year in years for month in year.months if month is not None)
    return f"{abs(value) / largest if largest else 0.0:.2f}"


def _script(figures: dict[str, Figure]) -> Markup:
    """Write figures as JSON that cannot end the script element it stands in."""
    return Markup(json.dumps(figures, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c"))  # noqa: S704 - escaped just here


def _pages() -> Environment:
    pages = Environment(
        loader=PackageLoader("tasks"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    numbers = (
        text.money,
        text.signed,
        text.price,
        text.quantity,
        text.percent,
        text.signed_percent,
        text.points,
        text.ratio,
        text.bps,
    )
    pages.filters |= {write.__name__: _typeset(write) for write in numbers}
    pages.filters |= {"stamp": text.stamp, "moment": text.moment, "tone": _tone, "heat": _heat, "script": _script}
    pages.filters |= {"date": "{:%Y-%m-%d}".format, "count": "{:,}".format}
    pages.filters |= {"day": _day, "verdict_tone": _verdict_tone, "state_tone": _state_tone}
    return pages


_PAGES = _pages()
