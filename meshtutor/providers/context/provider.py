"""A mesh in a real cluster, whether k3d's or anybody's, as the rest of meshtutor sees it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from meshtutor.errors import ApiStatusError, LabError, MeshtutorError, NotReadyError
from meshtutor.files import write_private
from meshtutor.kube import rollouts
from meshtutor.kube.client import KubeClient, proxy_path
from meshtutor.kube.kinds import NAMESPACE, POD, SERVICE
from meshtutor.kube.official import Official
from meshtutor.kube.selectors import LabelSelector
from meshtutor.kube.target_ports import target_port
from meshtutor.providers import kubeconfigs, pods, records
from meshtutor.providers.addons import ADDONS, Addon, AddonPage
from meshtutor.providers.api import ClientHttp
from meshtutor.providers.base import INJECTION, Distribution, GatewayPlace, MeshInfo, Provider
from meshtutor.providers.context import forwarder, ownership
from meshtutor.providers.context.distribution import Watcher
from meshtutor.providers.context.tunnel import Tunnel, TunnelHttp
from meshtutor.providers.records import Record

ROOT = "istio-system"
_DEBUG_PORT = 15014
_LOWEST_PORT = 1024
_ENVOY_ADMIN = 15000
_PROMETHEUS = ADDONS["prometheus"]
_ISTIOD = "app=istiod"


class ClusterProvider(Provider):
    """A lab on a real cluster; everything is asked through its API server.

    Proxies tell the trace store every 5 s there, Envoy's default (`tracing.opentelemetry.flush_interval_ms`).
    """

    report_seconds = 6.0

    def __init__(self, record: Record, why: str = "") -> None:
        self.record = record
        self.why = why
        self.context = record.context
        self.namespace = record.namespace
        self.kubeconfig = record.kubeconfig
        self.injection = record.options.get("injection") or INJECTION
        if chosen := record.options.get("gateway"):
            self.gateway_place = GatewayPlace(chosen["namespace"], chosen["labels"])
        refresh(record)
        self.kube = KubeClient.from_kubeconfig(self.kubeconfig, self.context)
        self.http = ClientHttp(self.kube)
        self._watcher = Watcher(self)
        self._tunnels: dict[str, TunnelHttp] = {}

    def info(self) -> MeshInfo:
        """Where the mesh is reached, and the pods of the learner's namespace and of Istio's."""
        places = dict.fromkeys((self.namespace, ROOT, self.gateway_place.namespace))
        found = [pod for namespace in places for pod in self.kube.list(POD, namespace)]
        prometheus = self._service(_PROMETHEUS)
        return MeshInfo(
            ready=self._is_ready(found, prometheus),
            provider=self.record.provider,
            name=self.record.name,
            kubeconfig=str(self.kubeconfig),
            context=self.context,
            gateway=self.gateway(),
            prometheus=self._prometheus() if prometheus else "",
            why=self.why,
            pods=[pods.pod_info(pod) for pod in found],
            extra={
                "api": self.kube.endpoint.server,
                "namespace": self.record.namespace,
                "istio": self.record.istio,
            },
        )

    def gateway(self) -> str:
        """The gateway's URL; a port-forward that has ended is started again."""
        if target := self.record.options.get("forward"):
            return f"http://localhost:{forwarder.ensure(self.record.directory, target)}"
        return self.record.gateway

    def page(self, addon: Addon) -> AddonPage | None:
        """By a port-forward to the add-on's pod, which ends with the lab."""
        service = self._service(addon)
        if not service:
            return None
        port = next(
            (p for p in service["spec"]["ports"] if p["port"] == addon.port), service["spec"]["ports"][0]
        )
        target = {
            "kubeconfig": str(self.kubeconfig),
            "context": self.context,
            "namespace": ROOT,
            "labels": _selector(service),
            "port": self._container_port(service, port),
        }
        local = forwarder.ensure(self.record.directory, target, addon.name, max(addon.port, _LOWEST_PORT))
        return AddonPage(f"http://localhost:{local}{addon.path}")

    def _container_port(self, service: dict[str, Any], port: dict[str, Any]) -> int:
        """The port of the pod behind a Service's port; a name is looked up in its pods."""
        found = target_port(port, self.kube.list(POD, ROOT, labels=_selector(service)))
        return int(port["port"]) if found is None else found

    def _is_ready(self, found: list[dict[str, Any]], prometheus: dict[str, Any]) -> bool:
        """All pods of the learner's, and of each part that lessons need one; the others are other people's."""
        own = [pod for pod in found if pod["metadata"]["namespace"] == self.namespace]
        parts = [(ROOT, _ISTIOD), (self.gateway_place.namespace, self.gateway_place.labels)]
        parts += [(ROOT, _selector(prometheus))] if prometheus else []
        return bool(own) and all(map(pods.is_well, own)) and all(_has_well(found, *part) for part in parts)

    def wait_until_distributed(self, resource_version: str, timeout: float = 10.0) -> Distribution:
        """Wait as `distribution` describes; where istiod cannot be asked, an incomplete answer that says why."""
        try:
            return self._watcher.wait(resource_version, timeout, self._concerns())
        except MeshtutorError as error:
            note = f"Whether every proxy has the change could not be learned: {error.message}"
            return Distribution(resource_version, complete=False, note=note)

    def http_proxy(self, pod: dict[str, Any]) -> str | None:
        """None: a pod's sidecar is not reached from this machine, so traffic is sent from inside the cluster."""
        del pod
        return None

    def pages(self, path: str) -> list[Any]:
        """The JSON at a path of each running istiod's debug pages, by port-forward."""
        istiods = [pod for pod in self.kube.list(POD, ROOT, labels=_ISTIOD) if rollouts.is_ready(pod)]
        if not istiods:
            raise NotReadyError("No pod of istiod is ready.", f"kubectl -n {ROOT} get pods -l {_ISTIOD}")
        return [self._tunnel(pod["metadata"]["name"]).get(path) for pod in istiods]

    def from_inside(self, namespace: str, pod: str, port: int, path: str) -> Any:
        """The JSON at a path of a pod's own loopback: a sidecar's admin page (port 15000), say."""
        http = TunnelHttp(Tunnel(self._official, namespace, pod, port))
        try:
            return http.get(path)
        finally:
            http.close()

    def envoy_admin(self, pod: dict[str, Any], page: str) -> Any:
        """By port-forward: a real sidecar's admin page answers its own loopback only."""
        meta = pod["metadata"]
        return self.from_inside(meta["namespace"], meta["name"], _ENVOY_ADMIN, page)

    @cached_property
    def _official(self) -> Official:
        return Official(self.kubeconfig, self.context)

    def _tunnel(self, pod: str) -> TunnelHttp:
        if pod not in self._tunnels:
            self._tunnels[pod] = TunnelHttp(Tunnel(self._official, ROOT, pod, _DEBUG_PORT))
        return self._tunnels[pod]

    def _prometheus(self) -> str:
        """The API server's way to the Prometheus add-on."""
        return self.kube.endpoint.server + proxy_path(
            SERVICE, ROOT, _PROMETHEUS.service, _PROMETHEUS.port, ""
        )

    def _service(self, addon: Addon) -> dict[str, Any]:
        """An add-on's Service, or an empty dict where there is none."""
        try:
            return self.kube.get(SERVICE, addon.service, ROOT)
        except ApiStatusError:
            return {}

    def _concerns(self) -> Callable[[str], bool]:
        """Whether a proxy, as istiod names it (POD.NAMESPACE), is the learner's or the gateway's."""
        whose = f"{ownership.LABEL}={ownership.OURS},{ownership.LESSON_OF}={self.namespace}"
        made = self.kube.list(NAMESPACE, labels=whose)
        mine = {self.namespace, *(obj["metadata"]["name"] for obj in made)}
        place = self.gateway_place
        gateways = {f"{pod['metadata']['name']}.{place.namespace}"
                    for pod in self.kube.list(POD, place.namespace, place.labels)}  # fmt: skip
        return lambda proxy: proxy.rpartition(".")[2] in mine or proxy in gateways


def _selector(service: dict[str, Any]) -> str:
    return ",".join(f"{key}={value}" for key, value in service["spec"]["selector"].items())


def _has_well(found: list[dict[str, Any]], namespace: str, labels: str) -> bool:
    wanted = LabelSelector.parse(labels)
    there = (pod["metadata"] for pod in found if pods.is_well(pod))
    return any(meta["namespace"] == namespace and wanted.matches(meta.get("labels") or {}) for meta in there)


def refresh(record: Record) -> None:
    """Make the lab's copy of the kubeconfig anew: a token may have been renewed, a cluster recreated.

    Where this process sees other kubeconfig files than `up` did, the copy stays as it is.
    """
    try:
        text = kubeconfigs.only(record.context, record.namespace)
    except LabError:
        if record.kubeconfig.is_file():
            return
        raise
    write_private(record.kubeconfig, text)


def find(name: str, provider: str, why: str = "") -> ClusterProvider | None:
    """The lab of this name on a real cluster, if `up` made one."""
    record = records.load(name)
    return ClusterProvider(record, why) if record is not None and record.provider == provider else None
