"""`meshtutor down` of a lab on a real cluster: what was made is removed, and nothing else."""

from __future__ import annotations

from meshtutor.cli.progress import Bar
from meshtutor.cli.result import Result
from meshtutor.providers import records
from meshtutor.providers.context import ownership
from meshtutor.providers.context import up as context
from meshtutor.providers.k3d import up as k3d
from meshtutor.providers.records import Record
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
        return [_typed(record)]
    return context.down(record, bar)


def _typed(record: Record) -> str:
    kubectl = f"kubectl --context {record.context}"
    if "namespace" in record.made:
        return f"{kubectl} delete namespace {record.namespace}"
    kinds = "deployment,service,configmap,serviceaccount,virtualservice,destinationrule,gateway.networking.istio.io"
    return f"{kubectl} -n {record.namespace} delete {kinds} -l {ownership.SELECTOR}"
