"""`meshtutor up --on k3d` and `down --on k3d`: the steps in their order, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from meshtutor.config import study
from meshtutor.errors import LabError
from meshtutor.providers import records, steps
from meshtutor.providers.k3d import troubles
from meshtutor.providers.k3d.addons import AddonsAreApplied, PrometheusScrapesOften
from meshtutor.providers.k3d.application import ApplicationIsApplied, GatewayAnswers, IsReady
from meshtutor.providers.k3d.cluster import ClusterRuns, ContextIsKnown, NodesHavePlaces
from meshtutor.providers.k3d.docker import Docker
from meshtutor.providers.k3d.istio import SYSTEM, IstioIsInstalled, NamespaceIsLabelled, version_in
from meshtutor.providers.k3d.kubectl import Kubectl
from meshtutor.providers.k3d.machine import PortIsFree, ToolsAreHere
from meshtutor.providers.k3d.options import K3dOptions
from meshtutor.providers.records import Record
from meshtutor.providers.steps import Said, Step
from meshtutor.providers.tools import Command, ToolError, Tools, command

_FIXED: Final = ("port", "agents", "image", "namespace")
RESUME: Final = (
    "The same command goes on from here; meshtutor status shows what is there, meshtutor down removes it."
)


def the_steps(record: Record, options: K3dOptions, tools: Tools, said: Said) -> list[Step]:
    """The study's steps 1 to 6, then the application; this list is the story."""
    docker, kubectl = Docker(tools), Kubectl(tools, options.context)
    folders = [study() / "manifests" / folder for folder in ("bookinfo", "gateway")]
    addons = options.addons
    return [
        ToolsAreHere(tools),
        PortIsFree(docker, options),
        ClusterRuns(tools, docker, options, record),
        ContextIsKnown(tools, options, record),
        NodesHavePlaces(kubectl, options),
        IstioIsInstalled(tools, kubectl, options, record),
        NamespaceIsLabelled(kubectl, options.namespace),
        AddonsAreApplied(tools, kubectl, addons, record),
        *([] if addons == "none" else [PrometheusScrapesOften(kubectl, options.scrape)]),
        ApplicationIsApplied(kubectl, options.namespace, folders),
        IsReady(kubectl, options.namespace, "pods of the application", said),
        IsReady(kubectl, SYSTEM, "pods of Istio and the add-ons", said),
        GatewayAnswers(options),
    ]


def up(name: str, options: K3dOptions, tools: Tools, said: Said) -> Record:
    """Do what is not done yet; the record of the lab. MeshtutorError names the step that could not be done."""
    record = _record(name, options)
    todo = the_steps(record, options, tools, said)
    try:
        steps.run_all(todo, said, RESUME, lambda error: troubles.explain(error, options))
    finally:
        if record.made:  # half a cluster is the lab's, too: `status` and `down` mean it from now on
            records.choose(name, "k3d")
    record.istio = version_in(tools, options.context)
    record.save()
    return record


def plan(name: str, options: K3dOptions, tools: Tools) -> list[tuple[str, list[str]]]:
    """For `--dry-run`: every step with its commands; nothing is looked at and nothing is made."""
    return steps.plan(the_steps(_record(name, options), options, tools, lambda _: None))


def down(name: str, tools: Tools, *, dry_run: bool = False) -> list[str]:
    """Delete the cluster if we made it, and what we remember; the commands. LabError if it is not ours.

    `dry_run` looks at what is there, and only says what it would type.
    """
    options, record, docker = K3dOptions.of(name), records.load(name), Docker(tools)
    try:
        removals = _removals(docker, options, began=record is not None and "cluster" in record.made)
        if dry_run:
            return [str(removal) for removal in removals]
        for removal in removals:
            tools.run(removal)
    except ToolError as error:
        raise troubles.explain(error, options) from error
    records.unchoose(name, "k3d")
    if record is not None:
        record.forget()
    return [str(removal) for removal in removals]


def _removals(docker: Docker, options: K3dOptions, *, began: bool) -> list[Command]:
    """What takes away a cluster that we made, or `began` to make; LabError if it is somebody else's."""
    if not docker.has_cluster(options.cluster):
        return docker.removals(options.cluster) if began else []
    if not docker.is_ours(options.cluster, began=began):
        raise LabError(
            f"The k3d cluster {options.cluster!r} was not made by meshtutor, so it stays.",
            f"k3d cluster delete {options.cluster}   # if you are sure",
        )
    return [_delete(options)]


def _delete(options: K3dOptions) -> Command:
    return command("k3d", "cluster", "delete", options.cluster)


def state(record: Record, tools: Tools) -> Sequence[tuple[str, bool]]:
    """For `status`: each step, and whether it is done now; a step that cannot be asked counts as not done."""
    options = K3dOptions.of(record.name, **record.options)
    asked = the_steps(record, options, tools, lambda _: None)
    return [(step.name, _is_done(step)) for step in asked if not isinstance(step, (ToolsAreHere, PortIsFree))]


def _is_done(step: Step) -> bool:
    try:
        return step.is_done()
    except LabError:
        return False


def options_to_show(name: str, **given: Any) -> K3dOptions:
    """For a plan, which binds nobody: what was chosen before if this lab is on k3d, with what is given now."""
    known = records.load(name)
    before = known.options if known is not None and known.provider == "k3d" else {}
    return K3dOptions.of(name, **{**before, **{k: v for k, v in given.items() if v is not None}})


def options_for(name: str, **given: Any) -> K3dOptions:
    """What was chosen for this lab before, with what is given now; LabError if that can no longer be changed."""
    known = records.load(name)
    if known is None:
        return K3dOptions.of(name, **given)
    if known.provider != "k3d":
        raise LabError(
            f"The lab {name!r} is on the context {known.context!r} already.",
            f"meshtutor down --name {name}; or another lab: --name OTHER",
        )
    fixed = {
        key: (known.options[key], value)
        for key, value in given.items()
        if key in _FIXED and value is not None
    }
    changed = [f"{key} {old} (not {new})" for key, (old, new) in fixed.items() if old != new]
    if "cluster" in known.made and changed:
        raise LabError(
            f"The cluster {known.cluster!r} was made with {', '.join(changed)}: fixed.",
            "meshtutor down --on k3d, then up again; or leave the option out",
        )
    return K3dOptions.of(name, **{**known.options, **{k: v for k, v in given.items() if v is not None}})


def _record(name: str, options: K3dOptions) -> Record:
    known = records.load(name)
    chosen = {key: value for key, value in vars(options).items() if key not in ("cluster", "switch_context")}
    return Record(
        name=name,
        provider="k3d",
        context=options.context,
        namespace=options.namespace,
        cluster=options.cluster,
        gateway=options.gateway,
        made=list(known.made) if known else [],
        options=chosen,
        done=dict(known.done) if known else {},
    )
