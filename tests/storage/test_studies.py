import optuna
import pytest

from core.errors import ConfigError, StoreError
from core.optimize.search import Kept, search
from core.strategies.strategy import FloatRange, IntRange
from storage.studies import opened

SPACE = {"top": IntRange(3, 8), "threshold": FloatRange(0.0, 1.0)}

optuna.logging.set_verbosity(optuna.logging.WARNING)


def hill(params):
    return params["threshold"] - params["top"]


def test_a_search_goes_on_from_the_file_of_another_process_to_the_last_digit(tmp_path):
    url = f"sqlite:///{tmp_path}/studies.db"
    first = search(SPACE, hill, trials=4, seed=1, kept=Kept(opened(url), "night"))
    more = search(SPACE, hill, trials=6, seed=1, kept=Kept(opened(url), "night"))
    assert more[:4] == first
    assert more == search(SPACE, hill, trials=6, seed=1, kept=Kept(optuna.storages.InMemoryStorage(), "night"))


def test_a_database_that_goes_away_in_the_middle_stops_the_search(tmp_path):
    storage = opened(f"sqlite:///{tmp_path}/studies.db")

    def pulling_the_plug(params):
        storage.engine.dispose()
        (tmp_path / "studies.db").write_bytes(b"gone" * 5000)
        return hill(params)

    with pytest.raises(StoreError, match="study night: its storage failed .*not a database.*told before is kept"):
        search(SPACE, pulling_the_plug, trials=3, seed=1, kept=Kept(storage, "night"))


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("studies.db", "not a database URL; write for instance sqlite:"),
        ("mysql://me:sesame@host:nine/x", "not a database URL; write for instance sqlite:"),
        ("mongo://me:sesame@host/x", "mongo://me:.*@host/x: its driver is not installed"),
        ("postgresql+nobody://me:sesame@host/x", r"me:\*\*\*@host/x: its driver is not installed"),
    ],
)
def test_an_address_nobody_can_open_is_refused_without_its_password(url, complaint):
    with pytest.raises(ConfigError, match=complaint) as refused:
        opened(url)
    assert "sesame" not in str(refused.value)


def test_a_database_that_does_not_answer_is_named(tmp_path):
    (tmp_path / "junk.db").write_bytes(b"hello" * 5000)
    for name, complaint in (("no/folder.db", "unable to open"), ("junk.db", "not a database")):
        with pytest.raises(StoreError, match=f"{name}: cannot be opened .*{complaint}"):
            opened(f"sqlite:///{tmp_path}/{name}")
