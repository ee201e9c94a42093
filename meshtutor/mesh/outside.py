"""ServiceEntries, WorkloadEntries and Sidecars in an explanation: who brought a host into the mesh, who hides one.

Istio's metadata say of a cluster only the host and its namespace; which object that is follows from the objects, by
Istio's own rules. Read from the Kubernetes API when they are needed, so an explanation of plain Services costs nothing.

Left out: several entries for one host that differ in `exportTo`, of which the oldest in the namespace is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from meshtutor.kube import kinds, objects, sidecars
from meshtutor.mesh.listing import Listing

Object = dict[str, Any]
Place = tuple[Object, str]
"""An object, and the path of the field in it."""
STRANGERS: Final = ("block_all", "allow_any")
"""Istio's virtual hosts for what a proxy does not know."""


class Outside:
    """Who brought what, among the objects of a mesh."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing

    def entries(self, fqdn: str, namespace: str) -> list[Object]:
        """The ServiceEntries of a namespace that have a host, oldest first."""
        mine = (one for one in self._listing.all(kinds.SERVICE_ENTRY) if objects.namespace(one) == namespace)
        return sorted((one for one in mine if _host_path(one, fqdn)), key=objects.age)

    def host(self, fqdn: str, namespace: str = "") -> Place | None:
        """The ServiceEntry that makes a host known; without a namespace the oldest of all."""
        everywhere = (one for one in self._listing.all(kinds.SERVICE_ENTRY) if _host_path(one, fqdn))
        found = self.entries(fqdn, namespace) if namespace else sorted(everywhere, key=objects.age)
        return (found[0], _host_path(found[0], fqdn)) if found else None

    def endpoint(self, fqdn: str, namespace: str, address: str) -> Place | None:
        """Where an address (or name) behind a host is written: in a ServiceEntry, or as a WorkloadEntry."""
        entries = self.entries(fqdn, namespace)
        for entry in entries:
            for index, one in enumerate(objects.spec(entry).get("endpoints") or ()):
                if one.get("address") == address:
                    return entry, f"spec.endpoints[{index}].address"
        for machine in self._listing.all(kinds.WORKLOAD_ENTRY):
            if objects.namespace(machine) == namespace and objects.spec(machine).get("address") == address:
                return machine, "spec.address"
        selecting = next((one for one in entries if "workloadSelector" in objects.spec(one)), None)
        if selecting:
            return selecting, "spec.workloadSelector"
        return self.host(fqdn, namespace) if address == fqdn else None

    def sidecar(self, pod: Object) -> Object | None:
        """The Sidecar that decides what a pod's proxy knows."""
        there = self._listing.all(kinds.SIDECAR)
        return sidecars.choose(there, sidecars.claim_of, objects.namespace(pod), objects.labels(pod))


def summary(entry: Object) -> str:
    """How a ServiceEntry finds its endpoints, and whether they are a part of the mesh."""
    spec = objects.spec(entry)
    return f"{spec.get('resolution', 'NONE')}, {spec.get('location', 'MESH_EXTERNAL')}"


def strangers(sidecar: Object, *, known: bool) -> tuple[str, str]:
    """(path, sentence) of what a Sidecar says of a host that its proxy does not know; `known`: others know it."""
    spec = objects.spec(sidecar)
    listed = [str(host) for one in spec.get("egress") or () for host in one.get("hosts") or ()]
    if known and listed:
        return "spec.egress", f"hides the host: it imports {', '.join(listed)}"
    if "outboundTrafficPolicy" in spec:
        mode = (spec["outboundTrafficPolicy"] or {}).get("mode", "REGISTRY_ONLY")
        path = "spec.outboundTrafficPolicy"
        return f"{path}.mode" if objects.dig(sidecar, f"{path}.mode") else path, f"{mode} for unknown hosts"
    return ("spec.egress" if listed else ""), "leaves unknown hosts to the mesh's own policy"


def _host_path(entry: Mapping[str, Any], fqdn: str) -> str:
    hosts = [str(host).lower() for host in objects.spec(entry).get("hosts") or ()]
    return f"spec.hosts[{hosts.index(fqdn)}]" if fqdn in hosts else ""
