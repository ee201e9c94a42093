"""Proxies: who asks for configuration, and which of them get the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from meshtutor.embedded.istio.reading import Key
from meshtutor.embedded.istio.snapshot import Snapshot
from meshtutor.embedded.istio.workloads import Locality, Workload
from meshtutor.embedded.network import app_address

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Proxy:
    """An Envoy: a pod's sidecar, or a gateway (`router`). `app` is the private address of the pod's app."""

    name: str
    router: bool
    ip: str
    app: str
    workload: Workload

    @property
    def namespace(self) -> str:
        """The pod's namespace, in which rules look for it."""
        return self.workload.namespace


@dataclass(frozen=True)
class Scope:
    """All that decides what a proxy sees of other services: proxies of one scope share resources.

    `sidecar` is the (namespace, name) of the Sidecar that narrows its view.
    `labels` are the proxy's labels as far as some rule asks for them (sourceLabels, workloadSelector).
    """

    router: bool
    namespace: str
    labels: Labels
    sidecar: Key | None = None


def scope_of(proxy: Proxy, keys: Iterable[str], sidecar: Key | None = None) -> Scope:
    """The scope of a proxy when rules ask for these label keys, and of its Sidecar."""
    return Scope(proxy.router, proxy.namespace, _chosen(proxy.workload.labels, keys), sidecar)


def place_of(proxy: Proxy, keys: Iterable[str]) -> Labels:
    """What endpoints are ordered by: proxies of a scope with one place have the same endpoints."""
    return _chosen(proxy.workload.labels_with_place, keys)


def _chosen(labels: Mapping[str, str], keys: Iterable[str]) -> Labels:
    return tuple((key, labels[key]) for key in sorted(set(keys)) if key in labels)


def proxy_of(node: Any, snapshot: Snapshot) -> Proxy:
    """The proxy behind an `envoy.config.core.v3.Node` (format of the id: pilot/pkg/model/context.go).

    What the Pod object says goes before what the node's metadata say, as in Istio: labels may change at run time.
    """
    kind, ip, name, _ = node.id.split("~")
    pod, _, namespace = name.partition(".")
    metadata = node.metadata.fields
    workload = snapshot.workloads.get((namespace, pod)) or _from_metadata(node, pod, namespace, ip)
    app = metadata["APP_ADDRESS"].string_value if "APP_ADDRESS" in metadata else ""
    return Proxy(name, kind == "router", ip, app or app_address(ip), workload)


def _from_metadata(node: Any, pod: str, namespace: str, ip: str) -> Workload:
    metadata = node.metadata.fields
    labels = metadata["LABELS"].struct_value.fields if "LABELS" in metadata else {}
    return Workload(
        name=pod,
        namespace=namespace,
        ip=ip,
        labels={key: value.string_value for key, value in labels.items()},
        service_account=metadata["SERVICE_ACCOUNT"].string_value or "default",
        workload=metadata["WORKLOAD_NAME"].string_value or pod,
        locality=Locality(node.locality.region, node.locality.zone, node.locality.sub_zone),
    )
