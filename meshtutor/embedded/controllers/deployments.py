"""Deployments become ReplicaSets: one per pod template, rolled over as the strategy says.

As pkg/controller/deployment of Kubernetes: revisions in the annotation `deployment.kubernetes.io/revision`
(so that `kubectl rollout history|undo|status` work), the label `pod-template-hash`, RollingUpdate and
Recreate, `paused`, `revisionHistoryLimit`, `progressDeadlineSeconds`. `kubectl rollout restart` and `set
image` merely change the template.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterable, Sequence

from meshtutor.embedded.api import Event, Object
from meshtutor.embedded.controllers import rollout
from meshtutor.embedded.controllers.conditions import DONE, deadline, progressing, status_of
from meshtutor.embedded.controllers.controller import Controller
from meshtutor.embedded.controllers.names import template_hash
from meshtutor.embedded.controllers.rollout import name_of, wanted
from meshtutor.embedded.controllers.selectors import selects
from meshtutor.embedded.objects import (
    Key,
    annotations_of,
    condition,
    controller_of,
    is_deleting,
    is_finished,
    key_of,
    labels_of,
    owner_reference,
    with_condition,
)
from meshtutor.errors import ConflictError
from meshtutor.kube.kinds import DEPLOYMENT, POD, REPLICA_SET

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
_NOT_COPIED = (
    "kubectl.kubernetes.io/last-applied-configuration", REVISION, "deployment.kubernetes.io/revision-history",
    rollout.DESIRED, rollout.MAXIMUM,
)  # fmt: skip


class Deployments(Controller):
    """Keeps ReplicaSets and the status of every Deployment."""

    component = "deployment-controller"

    def concerns(self, event: Event) -> Iterable[Key]:
        """The Deployment itself, or that of a ReplicaSet, or (strategy Recreate) of a pod that went."""
        if event.kind is DEPLOYMENT:
            yield key_of(event.object)
        elif event.kind is REPLICA_SET:
            yield from self._deployments_of(event.object)
        elif event.kind is POD and event.type == "DELETED":
            owner = controller_of(event.object)
            namespace = event.object["metadata"]["namespace"]
            if owner and (rs := self.informer.get(REPLICA_SET, owner["name"], namespace)):
                yield from self._deployments_of(rs)

    async def reconcile(self, key: Key) -> None:
        """One step: the ReplicaSets of this Deployment, their sizes, then the status."""
        deployment = self.informer.get(DEPLOYMENT, key[1], key[0])
        if deployment is None or is_deleting(deployment):
            return
        sets = await self._claim(deployment)
        new, olds = _split(deployment, sets)
        paused = bool(deployment["spec"].get("paused"))
        if paused or rollout.is_scaling(deployment, sets):
            plan = rollout.rescale(deployment, new, olds)
        else:
            deployment, new = await self._current(deployment, new, olds)
            plan = self._plan(deployment, new, olds)
        sized = [
            await self._resize(deployment, rs, plan.get(name_of(rs))) for rs in [new, *olds] if rs is not None
        ]
        if not paused:
            await self._forget_old(deployment, sized[1:] if new is not None else sized)
        if new is not None:
            new, olds = sized[0], sized[1:]
        await self._report(deployment, new, olds if new is not None else sized)

    def _deployments_of(self, replica_set: Object) -> Iterable[Key]:
        namespace = replica_set["metadata"]["namespace"]
        if owner := controller_of(replica_set):
            if owner["kind"] == "Deployment":
                yield namespace, owner["name"]
            return
        for deployment in self.informer.list(DEPLOYMENT, namespace):
            if selects(deployment["spec"]["selector"], labels_of(replica_set)):
                yield key_of(deployment)

    async def _claim(self, deployment: Object) -> list[Object]:
        """The Deployment's ReplicaSets, oldest first; orphans that match are adopted."""
        namespace = deployment["metadata"]["namespace"]
        mine = [*self.informer.owned(REPLICA_SET, deployment["metadata"]["uid"])]
        for orphan in [*self.informer.owned(REPLICA_SET, "")]:
            same = orphan["metadata"]["namespace"] == namespace and not is_deleting(orphan)
            if same and selects(deployment["spec"]["selector"], labels_of(orphan)):
                owners = [owner_reference(deployment, DEPLOYMENT)]
                mine.append(await self.informer.patch(orphan, {"metadata": {"ownerReferences": owners}}))
        return sorted((rs for rs in mine if not is_deleting(rs)), key=_age)

    async def _current(
        self, deployment: Object, new: Object | None, olds: Sequence[Object]
    ) -> tuple[Object, Object | None]:
        """The ReplicaSet of the current template with the newest revision; created if there is none."""
        revision = str(max((_revision(rs) for rs in olds), default=0) + 1)
        if new is None:
            deployment, new = await self._create(deployment, olds, revision)
        elif _revision(new) < int(revision) or _copied(deployment).items() - annotations_of(new).items():
            revision = str(max(int(revision), _revision(new)))
            notes = rollout.noted(_copied(deployment) | {REVISION: revision}, deployment)
            new = await self.informer.patch(new, {"metadata": {"annotations": notes}})
        current = annotations_of(new).get(REVISION, revision) if new is not None else revision
        if annotations_of(deployment).get(REVISION) != current:
            deployment = await self.informer.patch(
                deployment, {"metadata": {"annotations": {REVISION: current}}}
            )
        return deployment, new

    async def _create(
        self, deployment: Object, olds: Sequence[Object], revision: str
    ) -> tuple[Object, Object | None]:
        body = _replica_set(deployment, olds, revision)
        try:
            new = await self.informer.create(body)
        except ConflictError:
            # Another object has this name. The next reconcile hashes with one more collision.
            status = dict(deployment.get("status") or {})
            status["collisionCount"] = status.get("collisionCount", 0) + 1
            return await self.informer.update_status(deployment, status), None
        message = f'Created new replica set "{name_of(new)}"'
        status = dict(deployment.get("status") or {})
        created = progressing("NewReplicaSetCreated", message, time.time())
        status["conditions"] = with_condition(status.get("conditions") or (), created)
        deployment = await self.informer.update_status(deployment, status)
        if size := wanted(new):
            self._tell_scaled(deployment, new, 0, size)
        return deployment, new

    def _plan(self, deployment: Object, new: Object | None, olds: Sequence[Object]) -> rollout.Plan:
        if new is None:
            return {}
        if (deployment["spec"].get("strategy") or {}).get("type") != "Recreate":
            return rollout.rolling_update(deployment, new, olds)
        pods = (p for rs in olds for p in self.informer.owned(POD, rs["metadata"]["uid"]))
        return rollout.recreate(deployment, new, olds, old_pods_run=any(not is_finished(p) for p in pods))

    async def _resize(self, deployment: Object, replica_set: Object, size: int | None) -> Object:
        before = wanted(replica_set)
        notes = rollout.noted({}, deployment)
        if size is None or size == before:
            stale = notes.items() - annotations_of(replica_set).items()
            if not stale or not before:
                return replica_set
            return await self.informer.patch(replica_set, {"metadata": {"annotations": notes}})
        patch = {"metadata": {"annotations": notes}, "spec": {"replicas": size}}
        resized = await self.informer.patch(replica_set, patch)
        self._tell_scaled(deployment, resized, before, size)
        return resized

    def _tell_scaled(self, deployment: Object, replica_set: Object, before: int, after: int) -> None:
        way = "up" if after > before else "down"
        message = f"Scaled {way} replica set {name_of(replica_set)} from {before} to {after}"
        self.recorder.normal(deployment, "ScalingReplicaSet", message)

    async def _forget_old(self, deployment: Object, olds: Sequence[Object]) -> None:
        """Drop empty ReplicaSets beyond `revisionHistoryLimit`, the oldest revisions first."""
        if (condition(deployment, "Progressing") or {}).get("reason") != DONE:
            return
        limit = deployment["spec"].get("revisionHistoryLimit")
        empty = [rs for rs in olds if not wanted(rs) and not (rs.get("status") or {}).get("replicas")]
        surplus = len(empty) - (10 if limit is None else int(limit))
        for rs in sorted(empty, key=_revision)[: max(0, surplus)]:
            await self.informer.delete(rs)

    async def _report(self, deployment: Object, new: Object | None, olds: Sequence[Object]) -> None:
        now = time.time()
        status = status_of(deployment, new, olds, now)
        await self.informer.update_status(deployment, status)
        progress = condition({"status": status}, "Progressing") or {}
        if progress.get("status") == "True" and progress.get("reason") != DONE:
            self.queue.add_after(key_of(deployment), deadline(deployment) + 1)


def _age(obj: Object) -> tuple[str, int]:
    return obj["metadata"].get("creationTimestamp", ""), _revision(obj)


def _revision(obj: Object) -> int:
    return int(annotations_of(obj).get(REVISION) or 0)


def _split(deployment: Object, sets: Sequence[Object]) -> tuple[Object | None, list[Object]]:
    """The ReplicaSet whose template equals the Deployment's, and the others, oldest first."""
    template = _plain(deployment["spec"]["template"])
    new = next((rs for rs in sets if _plain(rs["spec"]["template"]) == template), None)
    return new, [rs for rs in sets if rs is not new]


def _plain(template: Object) -> Object:
    """The template without the label that the controller adds; empty maps count as absent."""
    metadata = dict(template.get("metadata") or {})
    metadata["labels"] = {k: v for k, v in (metadata.get("labels") or {}).items() if k != HASH}
    metadata = {k: v for k, v in metadata.items() if v}
    return {**template, "metadata": metadata}


def _copied(deployment: Object) -> dict[str, str]:
    return {k: v for k, v in annotations_of(deployment).items() if k not in _NOT_COPIED}


def _replica_set(deployment: Object, olds: Sequence[Object], revision: str) -> Object:
    spec = deployment["spec"]
    template = copy.deepcopy(spec["template"])
    collisions = (deployment.get("status") or {}).get("collisionCount", 0)
    mark = {HASH: template_hash(_plain(template), collisions)}
    template.setdefault("metadata", {})["labels"] = {**(template["metadata"].get("labels") or {}), **mark}
    selector = copy.deepcopy(spec["selector"])
    selector["matchLabels"] = {**(selector.get("matchLabels") or {}), **mark}
    return {
        "apiVersion": REPLICA_SET.api_version,
        "kind": REPLICA_SET.kind,
        "metadata": {
            "name": f"{name_of(deployment)}-{mark[HASH]}",
            "namespace": deployment["metadata"]["namespace"],
            "labels": dict(template["metadata"]["labels"]),
            "annotations": rollout.noted(_copied(deployment) | {REVISION: revision}, deployment),
            "ownerReferences": [owner_reference(deployment, DEPLOYMENT)],
        },
        "spec": {
            "replicas": rollout.initial(deployment, olds),
            "selector": selector,
            "template": template,
            **({"minReadySeconds": spec["minReadySeconds"]} if spec.get("minReadySeconds") else {}),
        },
    }
