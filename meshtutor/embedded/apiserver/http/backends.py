"""Which address a proxied pod or service means."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.resources import Resource
from meshtutor.embedded.apiserver.statuses import bad_request, not_found, refusal
from meshtutor.embedded.apiserver.store import Store
from meshtutor.embedded.apiserver.values import items_of
from meshtutor.kube.kinds import ENDPOINT_SLICE, POD

_SERVICE_NAME = "kubernetes.io/service-name"


@dataclass(frozen=True)
class Backend:
    """`http` or `https`, an address and a port."""

    scheme: str
    address: str
    port: int

    @property
    def authority(self) -> str:
        """`ADDRESS:PORT`."""
        return f"{self.address}:{self.port}"

    @property
    def url(self) -> str:
        """Without a path."""
        return f"{self.scheme}://{self.authority}"


def backend_of(store: Store, resource: Resource, namespace: str, reference: str) -> Backend:
    """The backend of `[SCHEME:]NAME[:PORT]`: a pod's own address, or a ready endpoint of a service."""
    scheme, name, port = _parts(reference)
    found = store.get(resource.kind, namespace, name)
    if found is None:
        raise not_found(resource.kind, name)
    if resource.key == POD.resource:
        address, number = _pod(found, port)
    else:
        address, number = _service(store, found, port)
    return Backend(scheme, address, number)


def _parts(reference: str) -> tuple[str, str, str]:
    parts = reference.split(":")
    if len(parts) == 3 and parts[0] in ("http", "https", ""):
        return parts[0] or "http", parts[1], parts[2]
    if len(parts) <= 2:
        return "http", parts[0], parts[1] if len(parts) == 2 else ""
    raise bad_request(f"invalid proxy request {reference!r}: expected NAME, NAME:PORT or SCHEME:NAME:PORT")


def _pod(pod: Object, port: str) -> tuple[str, int]:
    """A pod's address, and a port by number or name; without one its first port, else 80."""
    address = (pod.get("status") or {}).get("podIP")
    if not address:
        raise bad_request(f"address not allocated: pod {pod['metadata']['name']} has no IP yet")
    if port.isdecimal():
        return str(address), int(port)
    ports = [p for c in items_of(pod["spec"], "containers") for p in items_of(c, "ports")]
    chosen = next((p for p in ports if not port or p.get("name") == port), None)
    if chosen is None and port:
        raise bad_request(f"pod {pod['metadata']['name']} has no port named {port!r}")
    return str(address), int(chosen["containerPort"]) if chosen else 80


def _service(store: Store, service: Object, port: str) -> tuple[str, int]:
    """A ready endpoint of one of the service's ports, at random."""
    meta, name = service["metadata"], service["metadata"]["name"]
    ports = items_of(service["spec"], "ports")
    chosen = next((p for p in ports if port in (p.get("name"), str(p["port"]))), None)
    if chosen is None and not port and ports:
        chosen = ports[0]
    if chosen is None:
        raise refusal(503, "ServiceUnavailable", f'no service port "{port}" found for service "{name}"')
    slices = [s for s in store.objects(ENDPOINT_SLICE, meta["namespace"])
              if (s["metadata"].get("labels") or {}).get(_SERVICE_NAME) == name]  # fmt: skip
    ready = [pair for each in slices for pair in _endpoints(each, chosen.get("name") or "")]
    if not ready:
        raise refusal(503, "ServiceUnavailable", f'no endpoints available for service "{name}"')
    return secrets.choice(ready)


def _endpoints(slice_: Object, port: str) -> list[tuple[str, int]]:
    numbers = [p["port"] for p in items_of(slice_, "ports") if (p.get("name") or "") == port]
    ready = [e for e in items_of(slice_, "endpoints") if _is_ready(e)]
    return [(e["addresses"][0], int(number)) for e in ready for number in numbers]


def _is_ready(endpoint: dict[str, Any]) -> bool:
    return bool((endpoint.get("conditions") or {}).get("ready", True)) and bool(endpoint.get("addresses"))
