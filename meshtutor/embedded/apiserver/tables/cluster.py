"""Columns of Nodes, Namespaces, Events, ConfigMaps, Secrets and the other small kinds."""

from __future__ import annotations

from typing import Any, Final

from meshtutor.embedded.apiserver.tables.columns import AGE, NAME, NONE, Column, Object, age, at
from meshtutor.embedded.apiserver.values import items_of

_ROLE: Final = "node-role.kubernetes.io/"


def node_status(node: Object) -> str:
    """STATUS: Ready or not, and whether it takes pods."""
    ready = [c for c in items_of(node.get("status"), "conditions") if c.get("type") == "Ready"]
    status = "Unknown" if not ready else "Ready" if ready[0].get("status") == "True" else "NotReady"
    return f"{status},SchedulingDisabled" if at(node, "spec", "unschedulable") else status


def node_roles(node: Object) -> str:
    """ROLES: from the labels."""
    labels = node["metadata"].get("labels") or {}
    roles = [key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE)]
    return ",".join(sorted(roles)) or NONE


def _address(kind: str) -> Any:
    def cell(node: Object) -> str:
        found = items_of(node.get("status"), "addresses")
        return next((str(a.get("address")) for a in found if a.get("type") == kind), NONE)

    return cell


def _info(name: str) -> Any:
    return lambda node: at(node, "status", "nodeInfo", name) or "<unknown>"


def _last_seen(event: Object) -> str:
    stamp = at(event, "series", "lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    return age(stamp or event.get("firstTimestamp"))


def _about(event: Object) -> str:
    about = event.get("involvedObject") or {}
    return f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"


def _source(event: Object) -> str:
    source = event.get("source") or {}
    parts = [source.get("component") or event.get("reportingComponent"), source.get("host")]
    return ", ".join(part for part in parts if part)


def _count(*parts: str) -> Any:
    return lambda obj: sum(len(obj.get(part) or {}) for part in parts)


NODE: Final = (
    NAME,
    Column("Status", node_status),
    Column("Roles", node_roles),
    AGE,
    Column("Version", _info("kubeletVersion")),
    Column("Internal-IP", _address("InternalIP"), 1),
    Column("External-IP", _address("ExternalIP"), 1),
    Column("OS-Image", _info("osImage"), 1),
    Column("Kernel-Version", _info("kernelVersion"), 1),
    Column("Container-Runtime", _info("containerRuntimeVersion"), 1),
)
NAMESPACE: Final = (NAME, Column("Status", lambda o: at(o, "status", "phase")), AGE)
EVENT: Final = (
    Column("Last Seen", _last_seen),
    Column("Type", lambda o: o.get("type")),
    Column("Reason", lambda o: o.get("reason")),
    Column("Object", _about),
    Column("Subobject", lambda o: at(o, "involvedObject", "fieldPath") or "", 1),
    Column("Source", _source, 1),
    Column("Message", lambda o: str(o.get("message", "")).strip()),
    Column("First Seen", lambda o: age(o.get("firstTimestamp") or o.get("eventTime")), 1),
    Column("Count", lambda o: o.get("count") or 1, 1, "integer"),
    Column("Name", NAME.cell, 1, format="name"),
)
CONFIG_MAP: Final = (NAME, Column("Data", _count("data", "binaryData"), type="integer"), AGE)
SECRET: Final = (
    NAME,
    Column("Type", lambda o: o.get("type")),
    Column("Data", _count("data"), type="integer"),
    AGE,
)
SERVICE_ACCOUNT: Final = (NAME, Column("Secrets", lambda o: len(o.get("secrets") or ()), type="integer"), AGE)
LEASE: Final = (NAME, Column("Holder", lambda o: at(o, "spec", "holderIdentity") or ""), AGE)
CRD: Final = (NAME, Column("Created At", lambda o: o["metadata"].get("creationTimestamp")))
WEBHOOK: Final = (NAME, Column("Webhooks", lambda o: len(o.get("webhooks") or ()), type="integer"), AGE)
