"""`meshtutor status` of a lab on a real cluster: what `up` has done, what it has not, and the pods."""

from __future__ import annotations

from meshtutor.cli import render
from meshtutor.cli.result import Result
from meshtutor.errors import MeshtutorError
from meshtutor.providers import records
from meshtutor.providers.base import MeshInfo
from meshtutor.providers.context import up as context
from meshtutor.providers.context.provider import ClusterProvider
from meshtutor.providers.k3d import up as k3d
from meshtutor.providers.records import Record
from meshtutor.providers.tools import Tools


def run(name: str, provider: str, why: str) -> Result:
    """The lab's data; exit status 1 when it is not up or not ready."""
    record = records.load(name)
    if record is None or record.provider != provider:
        return _nothing(name, provider, why)
    steps, problem = _steps(record)
    info, silent = _info(record, why)
    ready = info.ready and all(done for _, done in steps) and not problem
    data = {**info.to_dict(), "ready": ready, "steps": [{"step": step, "done": done} for step, done in steps],
            "problem": problem or silent}  # fmt: skip
    return Result(data, tuple(_lines(info, ready, steps, problem or silent)), 0 if ready else 1)


def _nothing(name: str, provider: str, why: str) -> Result:
    data = MeshInfo(False, provider, name, "", "", "", "", why).to_dict()
    others = ", ".join(records.names()) or "none"
    return Result(
        data,
        (f"No lab {name!r} on {provider} (on clusters: {others}).", f"Next: meshtutor up --on {provider}"),
        1,
    )


def _steps(record: Record) -> tuple[list[tuple[str, bool]], str]:
    try:
        return list(k3d.state(record, Tools()) if record.provider == "k3d" else context.state(record)), ""
    except MeshtutorError as error:
        return [], error.message


def _info(record: Record, why: str) -> tuple[MeshInfo, str]:
    try:
        return ClusterProvider(record, why).info(), ""
    except MeshtutorError as error:
        known = MeshInfo(
            False,
            record.provider,
            record.name,
            str(record.kubeconfig),
            record.context,
            record.gateway,
            "",
            why,
        )
        return known, error.message


def _lines(info: MeshInfo, ready: bool, steps: list[tuple[str, bool]], problem: str) -> list[str]:
    lines = [
        f"Lab {info.name!r} ({info.provider}, context {info.context}) is {'ready' if ready else 'not ready'}."
    ]
    lines += [
        f"  application  {info.gateway}/productpage",
        f"  prometheus   {info.prometheus or 'none in istio-system'}",
    ]
    lines += [f"  kubectl      export KUBECONFIG={info.kubeconfig}", ""]
    lines += [f"  {'✓' if done else '·'} {step}" for step, done in steps]
    if not ready:
        next_step = f"Next: meshtutor up --on {info.provider} goes on from here; meshtutor down removes what was made."
        lines += ["", f"✗ {problem}" if problem else "Not all is done.", next_step]
    rows = [("NAMESPACE", "NAME", "READY", "STATUS", "IP")]
    rows += [(pod.namespace, pod.name, pod.ready, pod.phase, pod.ip) for pod in info.pods]
    return [*lines, "", *render.table(rows)] if info.pods else lines
