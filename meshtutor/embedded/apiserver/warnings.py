"""Warnings made visible: besides the `Warning` header they become an Event on the object they are about.

A header is seen by whoever typed the command; the Event by everyone who looks at the object later
(`kubectl describe`, `mesh.events`). Equal warnings of one object are one Event with a count.
"""

from __future__ import annotations

import hashlib

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.core import Core
from meshtutor.embedded.apiserver.metadata import stamp_new
from meshtutor.embedded.apiserver.resources import Resource
from meshtutor.embedded.objects import timestamp
from meshtutor.kube.kinds import EVENT, NAMESPACE

_SOURCE = "meshtutor-apiserver"


def record_warnings(core: Core, resource: Resource, obj: Object, warnings: list[str]) -> None:
    """Write an Event for each warning; nothing where the namespace is not there yet."""
    space = obj["metadata"].get("namespace") or "default"
    if resource.kind.resource == EVENT.resource or not core.store.get(NAMESPACE, "", space):
        return
    for warning in dict.fromkeys(warnings):
        _record(core, obj, space, warning)


def _record(core: Core, obj: Object, space: str, warning: str) -> None:
    meta = obj["metadata"]
    digest = hashlib.sha256(f"{meta['uid']} {warning}".encode()).hexdigest()
    name = f"{meta['name']}.{digest[:16]}"
    known, now = core.store.get(EVENT, space, name), timestamp()
    if known:
        seen = {"count": known["count"] + 1, "lastTimestamp": now, "metadata": dict(known["metadata"])}
        core.commit(core.resources.of(EVENT), {**known, **seen}, known)
        return
    event: Object = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": space},
        "involvedObject": {
            "apiVersion": obj["apiVersion"],
            "kind": obj["kind"],
            **{key: meta[key] for key in ("name", "namespace", "uid", "resourceVersion") if key in meta},
        },
        "type": "Warning",
        "reason": "UnknownField" if warning.startswith("unknown field") else "Validation",
        "message": warning,
        "source": {"component": _SOURCE},
        "reportingComponent": _SOURCE,
        "reportingInstance": "",
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
    stamp_new(event)
    core.commit(core.resources.of(EVENT), event, None)
