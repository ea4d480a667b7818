import pytest

from tests.tasks.venues.market import hours, paper


@pytest.fixture
def desk():
    """A paper account two hours and ten minutes into the market."""
    with paper() as opened:
        opened.exchange.advance_to(hours(2) + 600_000)
        yield opened
