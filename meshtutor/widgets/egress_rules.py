"""What may leave a namespace, as objects: a Sidecar for the policy, a ServiceEntry for each registered host.

Pure functions of data.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from meshtutor.errors import MeshtutorError
from meshtutor.kube.kinds import SERVICE_ENTRY, SIDECAR

Object = dict[str, Any]
Policy = dict[str, Any]
MODES: Final = ("ALLOW_ANY", "REGISTRY_ONLY")
APP_PORT: Final = 9080
"""The port at which the study's application serves; the entries' own is 80."""


@dataclass(frozen=True)
class Surroundings:
    """The hosts that can be registered, with their addresses, and the learner's own objects that are about them.

    `own` are the namespace's Sidecar without a selector, if any, and the ServiceEntries for one of `hosts`.
    """

    hosts: Mapping[str, Sequence[str]]
    own: Sequence[Object] = field(default_factory=list)

    def entry(self, host: str) -> Object:
        """The ServiceEntry of a host: the learner's own, or one that leads to its addresses."""
        mine = [obj for obj in self.own if obj["kind"] == SERVICE_ENTRY.kind and host in obj["spec"]["hosts"]]
        return copy.deepcopy(mine[0]) if mine else service_entry(host, self.hosts[host])

    def sidecar(self, mode: str) -> Object:
        """The Sidecar of the namespace with this mode; what a learner's says besides stays."""
        mine = [obj for obj in self.own if obj["kind"] == SIDECAR.kind]
        found = copy.deepcopy(mine[0]) if mine else _new(SIDECAR.api_version, SIDECAR.kind, "default")
        found["spec"] = {**found["spec"], "outboundTrafficPolicy": {"mode": mode}}
        return found


def surroundings(hosts: Mapping[str, Sequence[str]], found: Iterable[Object]) -> Surroundings:
    """Of the objects of a namespace, those that are about these hosts or decide on strangers."""
    own = [
        obj
        for obj in found
        if (obj["kind"] == SIDECAR.kind and not obj["spec"].get("workloadSelector"))
        or (obj["kind"] == SERVICE_ENTRY.kind and set(hosts) & set(obj["spec"]["hosts"]))
    ]
    return Surroundings(dict(hosts), own)


def checked(policy: Any, hosts: Iterable[str]) -> Policy:
    """A policy with both its fields, hosts in their order; MeshtutorError names what is wrong."""
    known = list(hosts)
    whole = {"mode": MODES[0], "registered": (), **(policy if isinstance(policy, Mapping) else {"": policy})}
    if set(whole) != {"mode", "registered"}:
        raise MeshtutorError(
            f"{policy!r} is not a policy.", 'For instance {"mode": "REGISTRY_ONLY", "registered": []}'
        )
    if whole["mode"] not in MODES:
        raise MeshtutorError(f"mode is {whole['mode']!r}.", f"Expected {' or '.join(MODES)}")
    if isinstance(whole["registered"], str) or (strange := set(whole["registered"]) - set(known)):
        named = whole["registered"] if isinstance(whole["registered"], str) else ", ".join(sorted(strange))
        raise MeshtutorError(f"registered has {named!r}.", f"A list of some of: {', '.join(known)}")
    return {"mode": whole["mode"], "registered": tuple(host for host in known if host in whole["registered"])}


def written(around: Surroundings, policy: Policy) -> list[Object]:
    """The Sidecar, and the entries of the registered hosts."""
    entries = {entry["metadata"]["name"]: entry for entry in map(around.entry, policy["registered"])}
    return [around.sidecar(policy["mode"]), *entries.values()]


def service_entry(host: str, addresses: Sequence[str]) -> Object:
    """A host outside the mesh at port 80, whose endpoints are instances of the study's application."""
    entry = _new(SERVICE_ENTRY.api_version, SERVICE_ENTRY.kind, host.replace(".", "-"))
    entry["spec"] = {
        "hosts": [host],
        "location": "MESH_EXTERNAL",
        "resolution": "STATIC",
        "ports": [{"number": 80, "name": "http", "protocol": "HTTP", "targetPort": APP_PORT}],
        "endpoints": [{"address": address} for address in addresses],
    }
    return entry


def _new(api_version: str, kind: str, name: str) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": {}}
