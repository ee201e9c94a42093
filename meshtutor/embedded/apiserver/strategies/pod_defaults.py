"""What a PodSpec means where it says nothing: pkg/apis/core/v1/defaults.go."""

from __future__ import annotations

from typing import Any, Final

from meshtutor.embedded.apiserver.values import clone, fill, items_of

_SPEC: Final = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
}
_CONTAINER: Final = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
    "resources": {},
}
_PROBE: Final = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_MODE = 0o644


def default_pod_spec(spec: dict[str, Any]) -> None:
    """Fill a PodSpec, of a Pod or of a template."""
    fill(spec, _SPEC)
    if account := spec.get("serviceAccountName") or spec.get("serviceAccount"):
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    for container in items_of(spec, "initContainers") + items_of(spec, "containers"):
        _default_container(container)
    for volume in items_of(spec, "volumes"):
        _default_volume(volume)


def _default_container(container: dict[str, Any]) -> None:
    fill(container, _CONTAINER)
    fill(container, {"imagePullPolicy": _pull_policy(str(container.get("image", "")))})
    for port in items_of(container, "ports"):
        fill(port, {"protocol": "TCP"})
    for variable in items_of(container, "env"):
        source = variable.get("valueFrom") or {}
        if isinstance(source.get("fieldRef"), dict):
            fill(source["fieldRef"], {"apiVersion": "v1"})
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if isinstance(container.get(name), dict):
            _default_probe(container[name])
    _default_requests(container["resources"])


def _pull_policy(image: str) -> str:
    """Always for `:latest` or no tag, else IfNotPresent."""
    tag = image.rpartition("/")[2].partition("@")[0].partition(":")[2]
    pinned = "@" in image or tag not in ("", "latest")
    return "IfNotPresent" if pinned else "Always"


def _default_probe(probe: dict[str, Any]) -> None:
    fill(probe, _PROBE)
    if isinstance(probe.get("httpGet"), dict):
        fill(probe["httpGet"], {"path": "/", "scheme": "HTTP"})
    if isinstance(probe.get("grpc"), dict):
        fill(probe["grpc"], {"service": ""})


def _default_requests(resources: dict[str, Any]) -> None:
    """A limit without a request is the request, too."""
    if isinstance(limits := resources.get("limits"), dict):
        requests = resources.get("requests")
        resources["requests"] = {**clone(limits), **(requests if isinstance(requests, dict) else {})}


def _default_volume(volume: dict[str, Any]) -> None:
    for name in ("configMap", "secret", "downwardAPI", "projected"):
        if isinstance(volume.get(name), dict):
            fill(volume[name], {"defaultMode": _MODE})
    for source in items_of(volume.get("projected"), "sources"):
        if isinstance(token := source.get("serviceAccountToken"), dict):
            fill(token, {"expirationSeconds": 3600})
    if len(volume) == 1:
        volume["emptyDir"] = {}
