"""The embedded mesh as a provider: everything is asked through the Kubernetes API of the lab's own API server."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import requests

from meshtutor.config import settings, study
from meshtutor.errors import LabError, NotReadyError
from meshtutor.providers import daemon
from meshtutor.providers.addons import NAMESPACE, Addon, AddonPage
from meshtutor.providers.api import KubeHttp
from meshtutor.providers.base import Distribution, MeshInfo, PodInfo, Provider, ProxyAck

_SIDECAR_OUTBOUND_PORT = 15001
_DISTRIBUTION = "/api/v1/namespaces/istio-system/services/istiod:8080/proxy/debug/distribution"

_PAGELESS = ("jaeger",)
"""The trace store has Jaeger's API only."""


class EmbeddedProvider(Provider):
    """A running embedded lab; `lab` is what its daemon wrote into lab.json."""

    def __init__(self, lab: dict[str, Any], why: str = "") -> None:
        self.lab = lab
        self.why = why
        self.kubeconfig = Path(lab["kubeconfig"])
        self.context = str(lab["context"])
        self.http = KubeHttp.from_kubeconfig(self.kubeconfig, self.context)

    def info(self) -> MeshInfo:
        """Where the mesh is reached, and its pods now."""
        pods = self.http.get("/api/v1/pods")["items"]
        return MeshInfo(
            ready=all(_is_ready(pod) for pod in pods),
            provider="embedded",
            name=str(self.lab["name"]),
            kubeconfig=str(self.kubeconfig),
            context=self.context,
            gateway=str(self.lab["gateway"]),
            prometheus=str(self.lab["prometheus"]),
            why=self.why,
            pods=[pod_info(pod) for pod in pods],
            extra={
                "pid": self.lab["pid"],
                "api": self.lab["api"],
                "started_seconds": self.lab.get("seconds"),
            },
            gateway_tls=str(self.lab.get("gateway_tls", "")),
        )

    def page(self, addon: Addon) -> AddonPage | None:
        """At the address of the add-on's pod. Kiali and Grafana are not in the box, nor are Jaeger's pages."""
        if addon.name in _PAGELESS:
            return None
        services = f"/api/v1/namespaces/{NAMESPACE}/services"
        found = {s["metadata"]["name"]: s["spec"] for s in self.http.get(services)["items"]}
        if addon.service not in found:
            return None
        spec = found[addon.service]
        labels = ",".join(f"{key}={value}" for key, value in spec["selector"].items())
        pods = self.http.get(f"/api/v1/namespaces/{NAMESPACE}/pods", params={"labelSelector": labels})[
            "items"
        ]
        ready = [pod["status"]["podIP"] for pod in pods if _is_ready(pod)]
        if not ready:
            raise NotReadyError(f"No pod of {addon.name} is ready.", "meshtutor status shows why")
        port = next(p.get("targetPort", p["port"]) for p in spec["ports"] if p["port"] == addon.port)
        return _shown(addon, f"http://{ready[0]}:{port}")

    def wait_until_distributed(self, resource_version: str, timeout: float = 10.0) -> Distribution:
        """Ask the control plane, which answers as soon as the last proxy has."""
        params = {"resourceVersion": resource_version, "timeout": str(timeout)}
        try:
            answer = self.http.get(_DISTRIBUTION, params=params, timeout=timeout + 5)
        except requests.RequestException as error:
            raise NotReadyError("The control plane did not say whether the proxies have the change.",
                                "meshtutor status; meshtutor logs -n istio-system istiod") from error  # fmt: skip
        proxies = tuple(
            ProxyAck(
                p["proxy"],
                p["state"],
                float(p["milliseconds"]),
                tuple(p.get("types", ())),
                p.get("error", ""),
            )
            for p in answer.get("proxies", ())
        )
        return Distribution(str(answer["resourceVersion"]), bool(answer["complete"]), proxies,
                            float(answer.get("milliseconds", 0.0)))  # fmt: skip

    def http_proxy(self, pod: dict[str, Any]) -> str | None:
        """The outbound listener of the pod's own sidecar; for a pod without one, the node's proxy.

        The node's proxy learns from the user name in which namespace it shall look up short names.
        """
        if any(container["name"] == "istio-proxy" for container in pod["spec"]["containers"]):
            return f"http://{pod['status']['podIP']}:{_SIDECAR_OUTBOUND_PORT}"
        return f"http://{pod['metadata']['namespace']}:namespace@{self.lab['node_proxy']}"


def pod_info(pod: dict[str, Any]) -> PodInfo:
    """One line of `kubectl get pods`."""
    statuses = pod.get("status", {}).get("containerStatuses", [])
    ready = f"{sum(bool(s.get('ready')) for s in statuses)}/{len(pod['spec']['containers'])}"
    meta, status = pod["metadata"], pod.get("status", {})
    return PodInfo(
        meta["namespace"], meta["name"], status.get("phase", "Pending"), ready, status.get("podIP", "")
    )


def _shown(addon: Addon, base: str) -> AddonPage:
    """The add-on's page; some builds of Prometheus (Debian's) come without the files of theirs."""
    if addon.name != "prometheus":
        return AddonPage(f"{base}/")
    session = requests.Session()
    session.trust_env = False  # a forward proxy cannot reach an address of this machine
    with session, suppress(requests.RequestException):
        if "<html" in session.get(base, timeout=5).text:
            return AddonPage(f"{base}/")
    note = "This build of Prometheus has an API but no pages; mesh.prometheus.query(...) shows its answers as tables."
    return AddonPage(f"{base}/api/v1/query?query=up", note)


def _is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def find(name: str, why: str = "") -> EmbeddedProvider | None:
    """The lab of this name if it runs and is ready."""
    lab = daemon.read(settings().lab_dir(name))
    return EmbeddedProvider(lab, why) if lab else None


def up(
    name: str, gateway_port: int | None = None, progress: daemon.Progress = lambda _: None
) -> tuple[EmbeddedProvider, bool]:
    """A ready lab and whether this call started it; waits for one that another process is starting."""
    directory = settings().lab_dir(name)
    if daemon.is_alive(directory):
        return EmbeddedProvider(daemon.wait_until_ready(directory), "it runs already"), False
    manifests = study() / "manifests"
    options = daemon.Options(gateway_port, (manifests / "bookinfo", manifests / "gateway"))
    missing = [str(path) for path in options.manifests if not path.is_dir()]
    if missing:
        raise LabError(
            f"The study's manifests are missing: {', '.join(missing)}.",
            "pip install --force-reinstall meshtutor",
        )
    try:
        return EmbeddedProvider(daemon.start(name, directory, options, progress), "started now"), True
    except daemon.AlreadyRunningError:
        return EmbeddedProvider(daemon.wait_until_ready(directory), "it runs already"), False


def down(name: str) -> bool:
    """End the lab; whether there was one."""
    return daemon.end(settings().lab_dir(name))


def names() -> list[str]:
    """The labs that run on this machine for this user."""
    labs = settings().home / "labs"
    return sorted(d.name for d in labs.iterdir() if daemon.is_alive(d)) if labs.is_dir() else []
