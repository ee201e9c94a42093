"""What a place where a mesh runs must answer; embedded, k3d and any kubeconfig context implement it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from meshtutor.kube.client import proxy_path
from meshtutor.kube.kinds import POD
from meshtutor.providers.addons import Addon, AddonPage
from meshtutor.providers.api import Http

_ENVOY_ADMIN = 15000
INJECTION: Final[Mapping[str, str]] = {"istio-injection": "enabled"}


@dataclass(frozen=True)
class PodInfo:
    """A pod in one line; `ready` as kubectl prints it, e.g. "2/2"."""

    namespace: str
    name: str
    phase: str
    ready: str
    ip: str


@dataclass(frozen=True)
class MeshInfo:
    """Where a mesh is reached: `gateway`, `gateway_tls` ("" if unknown), `prometheus` as URLs, `kubeconfig` a path."""

    ready: bool
    provider: str
    name: str
    kubeconfig: str
    context: str
    gateway: str
    prometheus: str
    why: str = ""
    pods: list[PodInfo] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    gateway_tls: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class ProxyAck:
    """What one proxy said to a change: `state` is ACK, NACK (then `error` is Envoy's text) or PENDING."""

    proxy: str
    state: str
    milliseconds: float
    types: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True)
class Distribution:
    """How a change reached the proxies. `complete`: each concerned proxy has answered before the deadline.

    `note` says why that could not be learned, where it could not.
    """

    resource_version: str
    complete: bool
    proxies: tuple[ProxyAck, ...] = ()
    milliseconds: float = 0.0
    note: str = ""


@dataclass(frozen=True)
class GatewayPlace:
    """Where the pods of the ingress gateway in use are: their namespace, and the labels that select them.

    The default is what the embedded mesh and `istioctl install` have.
    """

    namespace: str = "istio-system"
    labels: str = "istio=ingressgateway"


class Provider(ABC):
    """A place where a mesh runs. `http` reads from its API server; `namespace` is the learner's.

    `injection` are the labels by which a namespace asks for sidecars; with revisions of Istio it is `istio.io/rev`.
    `gateway_place` is the gateway that `info().gateway` leads to. `report_seconds`: after a request's end every proxy
    has told the trace store of it within so long.
    """

    kubeconfig: Path
    context: str
    http: Http
    namespace: str = "default"
    injection: Mapping[str, str] = INJECTION
    gateway_place: GatewayPlace = GatewayPlace()
    report_seconds: float = 1.0

    @abstractmethod
    def info(self) -> MeshInfo:
        """Where the mesh is reached, and its pods now."""

    @abstractmethod
    def wait_until_distributed(self, resource_version: str, timeout: float = 10.0) -> Distribution:
        """Wait until every proxy concerned by the objects up to this version has answered."""

    @abstractmethod
    def http_proxy(self, pod: dict[str, Any]) -> str | None:
        """The forward proxy through which this machine may send as `pod`, or None where there is none."""

    def page(self, addon: Addon) -> AddonPage | None:
        """Where an add-on's own pages are opened from this machine; None where it is not installed."""
        del addon
        return None

    def envoy_admin(self, pod: dict[str, Any], page: str) -> Any:
        """The JSON at a page of the Envoy in a pod, by the API server's pod proxy."""
        meta = pod["metadata"]
        return self.http.get(proxy_path(POD, meta["namespace"], meta["name"], _ENVOY_ADMIN, page))

    def config_dump(self, pod: dict[str, Any]) -> dict[str, Any]:
        """What the Envoy in a pod is configured to do now, endpoints included."""
        dump: dict[str, Any] = self.envoy_admin(pod, "/config_dump?include_eds")
        return dump
