"""Checkup: what is found when an installation is examined, and where good ends and bad begins."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

GIB = 1 << 30
ROOM_NEEDED, ROOM_WANTED = 1 * GIB, 5 * GIB
"""A year of hourly bars of every perpetual is half a GiB; Prefect's history is the rest."""

SKEW_WARNED, SKEW_REFUSED = timedelta(seconds=1), timedelta(seconds=4)
"""Venues take a signed request for five seconds, and travelling takes some of them."""

KEY_DAYS = 14
PREFECT_DATABASE_WARNED = 6 * GIB
"""A day of minutely ticks is 0.95 GB, five sixths of it events, which are kept for two days; runs for fourteen: some 4 GB."""


class Outcome(Enum):
    """How a check went; only FAIL makes the whole checkup fail."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Parameters
    ----------
    said : one line
    remedy : what to do about it; "" when there is nothing to do
    """

    check: str
    outcome: Outcome
    said: str
    remedy: str = ""


def room(check: str, free: int) -> Finding:
    """Judge the bytes that are free on the home's disk."""
    said = f"{free / GIB:.1f} GiB free"
    if free < ROOM_NEEDED:
        return Finding(check, Outcome.FAIL, said, f"make room: at least {ROOM_NEEDED // GIB} GiB")
    if free < ROOM_WANTED:
        return Finding(check, Outcome.WARN, said, "make room soon: a full disk stops trading")
    return Finding(check, Outcome.OK, said)


def clock_skew(check: str, skew: timedelta) -> Finding:
    """Judge our clock less the venue's."""
    said = f"our clock is {skew.total_seconds():+.2f} s from the venue's"
    if abs(skew) >= SKEW_REFUSED:
        return Finding(check, Outcome.FAIL, said, "set the clock (chrony, systemd-timesyncd): the venue refuses our signatures")
    if abs(skew) >= SKEW_WARNED:
        return Finding(check, Outcome.WARN, said, "set the clock (chrony, systemd-timesyncd)")
    return Finding(check, Outcome.OK, said)


def packages(check: str, locked: Mapping[str, str], installed: Mapping[str, str]) -> Finding:
    """Judge the installed versions, by name, against the locked ones."""
    missing = sorted(name for name in locked if name not in installed)
    other = sorted(name for name, version in locked.items() if installed.get(name, version) != version)
    if missing:
        return Finding(check, Outcome.FAIL, f"not installed: {_some(missing)}", "run `make run` to install what is locked")
    if other:
        said = _some([f"{name} {installed[name]} (locked {locked[name]})" for name in other])
        return Finding(check, Outcome.WARN, f"not as locked: {said}", "run `make run` to install what is locked")
    return Finding(check, Outcome.OK, f"all {len(locked)} packages are as locked")


def bybit_key(check: str, key: Mapping[str, Any]) -> Finding:
    """Judge what a Bybit key may do (the reply of /v5/user/query-api): trade contracts, and never withdraw."""
    may = {name: list(rights or ()) for name, rights in (key.get("permissions") or {}).items()}
    if "Withdraw" in may.get("Wallet", ()):
        remedy = "delete this key at once and make one without the right to withdraw"
        return Finding(check, Outcome.FAIL, "THIS KEY CAN WITHDRAW: whoever reads it can take the money", remedy)
    if str(key.get("readOnly")) == "1":
        return Finding(check, Outcome.FAIL, "the key can only read", "make one with Contract: Orders and Positions")
    if lacks := sorted({"Order", "Position"} - set(may.get("ContractTrade", ()))):
        said = f"the key lacks {' and '.join(lacks)} of contracts"
        return Finding(check, Outcome.FAIL, said, "make one with Contract: Orders and Positions")
    return _kept_well(check, key, may)


def _kept_well(check: str, key: Mapping[str, Any], may: Mapping[str, Sequence[str]]) -> Finding:
    more = sorted(name for name, rights in may.items() if rights and name not in {"ContractTrade", "Derivatives"})
    days = int(key.get("deadlineDay") or 0)
    if 0 < days < KEY_DAYS:
        return Finding(check, Outcome.WARN, f"the key ends in {days} days", "renew it at the venue")
    if "*" in (key.get("ips") or ["*"]):
        said = "can trade contracts and cannot withdraw, from any address"
        return Finding(check, Outcome.WARN, said, "bind the key to this machine's address at the venue")
    if more:
        return Finding(check, Outcome.WARN, f"can do more than it needs: {_some(more)}", "take these rights from it")
    return Finding(check, Outcome.OK, "can trade contracts and cannot withdraw")


def _some(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
