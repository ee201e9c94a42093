"""The Istio of a cluster: where istiod is, and which version it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from meshtutor.errors import ApiStatusError, LabError
from meshtutor.kube.client import KubeClient, proxy_path
from meshtutor.kube.kinds import DEPLOYMENT, SERVICE
from meshtutor.providers import requirements
from meshtutor.providers.base import INJECTION

OLDEST: Final = requirements.ISTIOCTL.oldest
MONITORING_PORT: Final = 15014
_ROOTS: Final = ("istio-system",)
_UNRELEASED: Final = "1.0.0"  # what Istio's charts say until a release puts its number there
_VERSION_LABELS: Final = ("app.kubernetes.io/version", "operator.istio.io/version")


@dataclass(frozen=True)
class Istio:
    """An installed control plane. `version` is empty where it cannot be told.

    `scoped`: gateways serve only the Gateways of their own namespace (PILOT_SCOPE_GATEWAY_TO_NAMESPACE).
    """

    namespace: str
    deployment: str
    version: str
    revision: str = ""
    scoped: bool = False


def find(kube: KubeClient) -> Istio:
    """The control plane in istio-system; LabError if there is none or if it is too old."""
    istiods = [d for root in _ROOTS for d in kube.list(DEPLOYMENT, root, labels="app=istiod")]
    if not istiods:
        raise LabError(
            "Istio is not installed in this cluster: there is no Deployment app=istiod in istio-system.",
            "istioctl install   # then the same command again",
        )
    chosen = next((d for d in istiods if _revision(d) in ("", "default")), istiods[0])
    version = _version(kube, chosen)
    number = requirements.parse(version)
    if number is not None and number < OLDEST:
        raise LabError(
            f"This cluster has Istio {version}; {'.'.join(map(str, OLDEST))} or newer is needed.",
            "https://istio.io/latest/docs/setup/upgrade/",
        )
    meta = chosen["metadata"]
    return Istio(
        meta["namespace"],
        meta["name"],
        version,
        _revision(chosen),
        _environment(chosen).get("PILOT_SCOPE_GATEWAY_TO_NAMESPACE") == "true",
    )


def injection_labels(istio: Istio) -> dict[str, str]:
    """The namespace label that makes this control plane inject sidecars."""
    revision = "" if istio.revision == "default" else istio.revision
    return {"istio.io/rev": revision} if revision else dict(INJECTION)


def _revision(deployment: dict[str, Any]) -> str:
    return str(deployment["metadata"].get("labels", {}).get("istio.io/rev", ""))


def _version(kube: KubeClient, deployment: dict[str, Any]) -> str:
    """What istiod itself says at /version, else its labels, else the tag of its image."""
    if said := _asked(kube, deployment["metadata"]["namespace"]):
        return said
    labels = deployment["metadata"].get("labels", {})
    image = str(deployment["spec"]["template"]["spec"]["containers"][0].get("image", ""))
    candidates = [labels.get(label, "") for label in _VERSION_LABELS] + [image.rpartition(":")[2]]
    return next((c for c in candidates if c != _UNRELEASED and requirements.parse(c)), "")


def _asked(kube: KubeClient, namespace: str) -> str:
    for service in ("istiod", "istiod-default"):
        path = proxy_path(SERVICE, namespace, service, MONITORING_PORT, "/version")
        try:
            said = kube.request("GET", path, timeout=5.0).text
        except (ApiStatusError, LabError):
            continue
        if requirements.parse(said):
            return said.strip().split("-")[0]
    return ""


def _environment(deployment: dict[str, Any]) -> dict[str, str]:
    containers = deployment["spec"]["template"]["spec"]["containers"]
    return {e["name"]: str(e.get("value", "")) for c in containers for e in c.get("env", ())}
