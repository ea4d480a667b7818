"""What a person sees of releases: all of them, one in full, two side by side, and what became of a request."""

from typing import Any

from core.deploy.moves import StageChange
from flows.console import out

MINUTE = "%Y-%m-%d %H:%M"
LISTED_APART = ("sleeves", "venue", "timeframe", "parent")
"""Parts of a release that its page shows in places of their own."""


def releases(listed: dict[str, Any]) -> None:
    """Show every release."""
    live = listed["live"]
    _line(
        f"live: {live['fingerprint'][:12]}, {live['stage']} since {live['since']:{MINUTE}}" if live else "Nothing is live yet."
    )
    for row in listed["releases"]:
        mark = "*" if row["live"] else " "
        _line(f"{mark} {row['fingerprint'][:12]}  {row['created_at']:{MINUTE}}  {row['stage'] or '-':5}  {row['reason']}")


def release(shown: dict[str, Any]) -> None:
    """Show one release in full."""
    state = f"live, {shown['stage']}" if shown["live"] else f"not live, last {shown['stage'] or 'never put live'}"
    _line(f"release {shown['fingerprint']}: {state}")
    parent = shown["parent"][:12] if shown["parent"] else "none"
    _line(f"{shown['venue']} {shown['timeframe']}, made {shown['created_at']:{MINUTE}}, parent {parent}: {shown['note']}")
    for sleeve in shown["release"]["sleeves"]:
        _line(f"sleeve {_sleeve(sleeve)}")
    for name, value in shown["release"].items():
        if name not in LISTED_APART:
            _line(f"{name:14} {_value(value)}")
    _line("evidence" if shown["evidence"] else "evidence: none")
    for name, value in shown["evidence"].items():
        _line(f"  {name:24} {_value(value)}")
    for line in shown["activations"]:
        _line(f"{line['since']:{MINUTE}}  {line['stage']:5}  {line['by']}: {line['reason']}")


def difference(shown: dict[str, Any]) -> None:
    """Show in what two releases differ, a line for each field."""
    _line(f"{shown['one'][:12]} -> {shown['other'][:12]}")
    if not shown["differences"]:
        _line("the same release")
    for field in shown["differences"]:
        one, other = (_absent_or_value(field[side]) for side in ("one", "other"))
        _line(f"{field['field']}: {one} -> {other}")


def change(done: StageChange) -> None:
    """Show what became of a request, and why."""
    _line(f"{done.action}: {done.decision}")
    _line(f"before: {done.release_before[:12]} at {done.stage_before}, asked for: {done.release[:12]} at {done.stage}")
    for line in done.objections or (done.reason,):
        _line(f"- {line}")


def _line(text: str) -> None:
    out.print(text, markup=False)


def _sleeve(sleeve: dict[str, Any]) -> str:
    return f"{sleeve['strategy']} at {sleeve['budget']:.1%}: {_value(sleeve['params'])}"


def _absent_or_value(value: Any) -> str:
    if value is None:
        return "absent"
    return _sleeve(value) if isinstance(value, dict) and {"strategy", "budget", "params"} <= set(value) else _value(value)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}={_value(part)}" for name, part in value.items())
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
