"""Pictures are the same twice, small enough for Discord, and there for the youngest account too."""

import base64
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from core.reporting.account_returns import EquityPoint
from core.reporting.exposures import Exposures
from core.reporting.night import Night
from tasks.pictures import account_picture, data_url, exposure_picture, night_picture

AT = datetime(2025, 11, 21, tzinfo=UTC)
DISCORD_BYTES = 200_000


def account(looks):
    values = 10_000 * np.cumprod(1 + np.random.default_rng(1).normal(0, 0.002, looks))
    return [EquityPoint(AT + timedelta(hours=i), Decimal(f"{v:.2f}")) for i, v in enumerate(values)]


def held(bars):
    rng = np.random.default_rng(2)
    up, down = rng.uniform(0, 0.6, bars), -rng.uniform(0, 0.6, bars)
    return Exposures(tuple(AT + timedelta(hours=i) for i in range(bars)), tuple(up.tolist()), tuple(down.tolist()))


def night(*folds):
    return Night("hold", ("one",) * len(folds), "a" * 64, "b" * 64, 2.0, 1.0, 10, 20, len(folds), folds, None, None)


PICTURES = {
    "account": lambda: account_picture(account(5_000)),
    "young account": lambda: account_picture(account(1)),
    "exposure": lambda: exposure_picture(held(3_000)),
    "no exposure": lambda: exposure_picture(Exposures((), (), ())),
    "night": lambda: night_picture(night((2.0, 1.5), (3.0, -0.5))),
    "night without a fold": lambda: night_picture(night()),
}


@pytest.mark.parametrize("draw", PICTURES.values(), ids=PICTURES)
def test_the_same_data_gives_the_same_bytes_of_a_small_png(draw):
    png = draw()
    assert png == draw()
    assert png.startswith(b"\x89PNG")
    assert len(png) < DISCORD_BYTES


def test_a_picture_travels_as_an_address():
    kind, content = data_url(b"png").split(",")
    assert (kind, base64.b64decode(content)) == ("data:image/png;base64", b"png")


def test_a_quiet_tick_never_pays_for_drawing():
    asked = "import tasks.telling, sys; print([m for m in ('matplotlib', 'plotly', 'PIL') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")
