"""Where a Service leads: names as cluster DNS resolves them, then an endpoint as kube-proxy picks it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any

from meshtutor.embedded.api import Object
from meshtutor.embedded.informer import Informer
from meshtutor.errors import MeshtutorError
from meshtutor.kube.kinds import ENDPOINT_SLICE, SERVICE

Address = tuple[str, int]
_DOMAIN = ".svc.cluster.local"
_SERVICE_NAME = "kubernetes.io/service-name"


class NoEndpointError(MeshtutorError):
    """The Service is there, but no ready pod is behind it."""


class Services:
    """Reads Services and EndpointSlices of an informer; nothing is kept, so nothing can be stale."""

    def __init__(self, informer: Informer) -> None:
        self._informer = informer

    def resolve(self, host: str, port: int, namespace: str) -> Address:
        """Where to connect for `host:port` as a pod in `namespace` means it.

        Short names, `NAME.NAMESPACE[.svc[.cluster.local]]` and cluster IPs lead to a random ready endpoint;
        other hosts to themselves. MeshtutorError: no such Service in the cluster's domain, no such port, or
        no ready endpoint.
        """
        service = self._find(host.rstrip(".").lower(), namespace)
        if service is None:
            return host, port
        if external := service["spec"].get("externalName"):
            return external, port
        for entry in service["spec"].get("ports") or ():
            if entry["port"] == port:
                return self.endpoint(service, entry)
        ports = ", ".join(str(p["port"]) for p in service["spec"].get("ports") or ())
        raise MeshtutorError(f"{_title(service)} has no port {port}", f"Its ports: {ports or 'none'}.")

    def by_node_port(self, port: int) -> Address | None:
        """A ready endpoint of the Service with this node port; None if there is no such Service."""
        for service, entry in self.node_ports():
            if entry["nodePort"] == port:
                return self.endpoint(service, entry)
        return None

    def node_ports(self) -> Iterable[tuple[Object, Mapping[str, Any]]]:
        """Every Service port that has a node port."""
        for service in self._informer.list(SERVICE):
            for entry in service["spec"].get("ports") or ():
                if entry.get("nodePort"):
                    yield service, entry

    def endpoint(self, service: Object, port: Mapping[str, Any]) -> Address:
        """A random ready endpoint of a Service port, or NoEndpointError."""
        found = [*self._endpoints(service, port)]
        if not found:
            raise NoEndpointError(
                f"{_title(service)} has no ready endpoint on port {port['port']}",
                f"Look at its pods: kubectl get endpointslices -n {service['metadata']['namespace']}.",
            )
        return random.choice(found)  # noqa: S311 - no secret

    def _endpoints(self, service: Object, port: Mapping[str, Any]) -> Iterable[Address]:
        meta = service["metadata"]
        for slice_ in self._informer.list(ENDPOINT_SLICE, meta["namespace"]):
            if (slice_["metadata"].get("labels") or {}).get(_SERVICE_NAME) != meta["name"]:
                continue
            numbers = [
                p["port"] for p in slice_.get("ports") or () if p.get("name", "") == port.get("name", "")
            ]
            for endpoint in slice_.get("endpoints") or ():
                if (endpoint.get("conditions") or {}).get("ready", True):
                    for number in numbers[:1]:
                        yield endpoint["addresses"][0], number

    def _find(self, host: str, namespace: str) -> Object | None:
        """The Service that a host name or cluster IP means; None for hosts outside the cluster."""
        local = host.removesuffix(_DOMAIN).removesuffix(".svc")
        name, _, where = local.partition(".")
        service = self._informer.get(SERVICE, name, where or namespace) if "." not in where else None
        if service is not None:
            return service
        for other in self._informer.list(SERVICE):
            if other["spec"].get("clusterIP") == host:
                return other
        inside = host.endswith((_DOMAIN, ".svc")) or ("." not in host and host != "localhost")
        if inside:
            where = where or namespace
            raise MeshtutorError(
                f"there is no Service {name!r} in namespace {where!r}", f"kubectl get services -n {where}"
            )
        return None


def _title(service: Object) -> str:
    return f"Service {service['metadata']['name']}.{service['metadata']['namespace']}"
