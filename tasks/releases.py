"""Releases as they are shown: all of them, one in full, two side by side."""

import json
from dataclasses import asdict
from typing import Any

from core.deploy.difference import difference
from core.deploy.release import Release
from storage.activations import Activation
from storage.releases import ReleaseRow
from tasks.stores import store


def release_list() -> dict[str, Any]:
    """Return what is live, and every release with its stage changes, newest first."""
    live, log = store().activations.live(), store().activations.all()
    return {
        "live": {"fingerprint": live.fingerprint, "stage": live.stage, "since": live.since, "reason": live.reason}
        if live
        else None,
        "releases": [_listed(row, live, log) for row in reversed(store().releases.all())],
    }


def _listed(row: ReleaseRow, live: Activation | None, log: tuple[Activation, ...]) -> dict[str, Any]:
    release = Release.model_validate_json(row.json)
    last = next((line for line in reversed(log) if line.fingerprint == row.fingerprint), None)
    return {
        "fingerprint": row.fingerprint,
        "created_at": row.created_at,
        "live": live is not None and live.fingerprint == row.fingerprint,
        "stage": last.stage if last else None,
        "reason": last.reason if last else row.note,
        "venue": release.venue,
        "timeframe": release.timeframe,
        "sleeves": len(release.sleeves),
        "parent": release.parent,
    }


def release_detail(name: str) -> dict[str, Any]:
    """Return everything about one release: what it is, what spoke for it, and when it was live."""
    row, log = store().releases.get(name), store().activations.all()
    release = Release.model_validate_json(row.json)
    return {
        **_listed(row, log[-1] if log else None, log),
        "note": row.note,
        "release": release.model_dump(mode="json"),
        "evidence": json.loads(row.evidence_json),
        "activations": [
            {"stage": line.stage, "since": line.since, "by": line.by, "reason": line.reason}
            for line in log
            if line.fingerprint == row.fingerprint
        ],
    }


def release_difference(one: str, other: str) -> dict[str, Any]:
    """Return in what two releases differ, field by field."""
    rows = [store().releases.get(name) for name in (one, other)]
    first, second = (Release.model_validate_json(row.json) for row in rows)
    return {
        "one": rows[0].fingerprint,
        "other": rows[1].fingerprint,
        "differences": [asdict(field) for field in difference(first, second)],
    }
