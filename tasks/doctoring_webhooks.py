"""The doctor's look at Discord: the webhooks' shape, and whether Discord knows them. Nothing is posted."""

from pathlib import Path

from core.operations.checkup import Finding, Outcome
from tasks.discord import reach
from tasks.webhooks import NAME, webhooks


def discord(check: str, _root: Path, _home: Path) -> Finding:
    """Ask Discord for every webhook that the settings name; one with a wrong shape is raised."""
    hooks = webhooks()
    if not hooks:
        return Finding(check, Outcome.WARN, "no webhook: nobody is told of anything", f"set {NAME}, see .env.example")
    if gone := [f"{hook.masked}: {said}" for hook in hooks if (said := reach(hook))]:
        return Finding(check, Outcome.FAIL, "; ".join(gone), f"make a new webhook in Discord and put it into {NAME}")
    return Finding(check, Outcome.OK, f"Discord knows {', '.join(hook.masked for hook in hooks)}")
