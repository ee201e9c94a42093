"""`meshtutor down` of a lab on a real cluster: what was made is removed, and nothing else."""

from __future__ import annotations

from meshtutor.cli.progress import Bar
from meshtutor.cli.result import Result
from meshtutor.providers import records
from meshtutor.providers.context import up as context
from meshtutor.providers.k3d import up as k3d
from meshtutor.providers.tools import Tools


def run(name: str, provider: str, dry_run: bool) -> Result:
    """What was removed."""
    with Bar() as bar:
        removed = _k3d(name, bar, dry_run) if provider == "k3d" else _context(name, bar, dry_run)
    data = {"ended": [name] if removed and not dry_run else [], "removed": removed}
    if dry_run:
        return Result(data, tuple(removed) or (f"No lab {name!r} on {provider}; nothing to remove.",))
    if not removed:
        return Result(data, (f"No lab {name!r} on {provider}; nothing to do.",))
    return Result(data, (f"The lab {name!r} has ended. Removed: {', '.join(removed)}.",))


def _k3d(name: str, bar: Bar, dry_run: bool) -> list[str]:
    return k3d.down(name, Tools(bar), dry_run=dry_run)


def _context(name: str, bar: Bar, dry_run: bool) -> list[str]:
    record = records.load(name)
    if record is None or record.provider != "context":
        return []
    if dry_run:
        return context.plan_down(record)
    return context.down(record, bar)
