"""The sidecar injector: an admission mutator for pods, as Istio's webhook is one.

Which pods: the four selectors of Istio's MutatingWebhookConfiguration
(manifests/charts/istio-control/istio-discovery/ templates/revision-tags-mwc.yaml) and `injectRequired` of
pkg/kube/inject/inject.go. What they get: container `istio-proxy` at the end of the list (so that `kubectl
logs` and `exec` mean the app), labels `security.istio.io/tlsMode` and `service.istio.io/canonical-*`,
annotations `sidecar.istio.io/status`, `kubectl.kubernetes.io/default-container` and `prometheus.io/*`. Only
pods that are created are touched: existing ones stay as they are until they are replaced.

Left out: `istio-init` (there are no iptables to set), the volumes of pilot-agent (its work is the kubelet's
here), rewriting of the app's probes (the kubelet asks the app itself), templates other than `sidecar`,
overriding parts of the proxy by a container `istio-proxy` of one's own, `proxy.istio.io/config`, resource
annotations, native sidecars.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Literal

from meshtutor.embedded.api import Object
from meshtutor.embedded.kubelet.place import PROXY_CONTAINER
from meshtutor.embedded.network import SIDECAR_HEALTH_PORT, SIDECAR_STATS_PORT
from meshtutor.kube.kinds import POD

if TYPE_CHECKING:
    from meshtutor.embedded.apiserver.admission import Request

ISTIO_VERSION: Final = "1.30.3"
PROXY_IMAGE: Final = f"docker.io/istio/proxyv2:{ISTIO_VERSION}"
INJECT: Final = "sidecar.istio.io/inject"
REVISION: Final = "istio.io/rev"
STATUS: Final = "sidecar.istio.io/status"
_NAMESPACE_SWITCH = "istio-injection"
_NEVER = ("kube-system", "kube-public", "kube-node-lease", "local-path-storage")
_YES = ("y", "yes", "true", "on")
Outcome = Literal["success", "skip", "failure"]


def inject(request: Request, tell: Callable[[Outcome], None] = lambda _: None) -> None:
    """Add the sidecar to a pod that is being created, where its namespace and labels ask for one.

    `tell` learns what became of each pod for which Istio's webhook would be called.
    """
    if request.kind is not POD or request.operation != "CREATE":
        return
    pod = request.object
    if not _is_asked_about(pod, request.namespace_object or {"metadata": {}}):
        return
    if not _is_required(pod):
        tell("skip")
        return
    try:
        add_sidecar(pod)
    except Exception:
        tell("failure")
        raise
    tell("success")


def wants_sidecar(pod: Object, namespace: Mapping[str, Any]) -> bool:
    """Whether Istio would inject this pod in this namespace (revision `default`)."""
    return _is_asked_about(pod, namespace) and _is_required(pod)


def _is_asked_about(pod: Object, namespace: Mapping[str, Any]) -> bool:
    """Whether the selectors of Istio's webhooks choose the pod."""
    labels = pod["metadata"].get("labels") or {}
    return _webhook_is_called(namespace["metadata"].get("labels") or {}, labels)


def _is_required(pod: Object) -> bool:
    """What the webhook itself decides (`injectRequired`)."""
    meta = pod["metadata"]
    if meta.get("namespace") in _NEVER or pod["spec"].get("hostNetwork") or _has_proxy(pod):
        return False
    labels, annotations = meta.get("labels") or {}, meta.get("annotations") or {}
    choice = labels.get(INJECT, annotations.get(INJECT, ""))
    return choice == "" or choice.lower() in _YES


def add_sidecar(pod: Object) -> None:
    """Put the proxy and its marks into a pod."""
    meta, spec = pod["metadata"], pod["spec"]
    app = spec["containers"][0]["name"] if spec.get("containers") else ""
    labels = meta["labels"] = dict(meta.get("labels") or {})
    for name, value in _labels(pod, labels).items():
        labels.setdefault(name, value)
    annotations = meta["annotations"] = dict(meta.get("annotations") or {})
    for name, value in _annotations(app).items():
        annotations.setdefault(name, value)
    spec["containers"] = [*(spec.get("containers") or []), proxy_container(pod)]


def workload_name(pod: Mapping[str, Any]) -> str:
    """The name of the workload as Istio derives it: the Deployment's, for a ReplicaSet with a template hash.

    Source: pkg/kube/util.go, GetDeployMetaFromPod.
    """
    meta = pod["metadata"]
    owner = next((o for o in meta.get("ownerReferences") or () if o.get("controller")), None)
    if owner is None:
        return str(meta.get("name") or meta.get("generateName", "")).rstrip("-")
    if owner["kind"] == "ReplicaSet" and (mark := (meta.get("labels") or {}).get("pod-template-hash")):
        return str(owner["name"]).removesuffix(f"-{mark}")
    return str(owner["name"])


def workload_owner(pod: Mapping[str, Any]) -> str:
    """The workload as a URL, as in ISTIO_META_OWNER."""
    meta = pod["metadata"]
    owner = next((o for o in meta.get("ownerReferences") or () if o.get("controller")), None)
    kind = "pods" if owner is None else f"{owner['kind'].lower()}s"
    version = "v1" if owner is None else owner["apiVersion"]
    if kind == "replicasets" and "pod-template-hash" in (meta.get("labels") or {}):
        kind = "deployments"
    return f"kubernetes://apis/{version}/namespaces/{meta.get('namespace', 'default')}/{kind}/{workload_name(pod)}"


def proxy_container(pod: Mapping[str, Any]) -> Object:
    """The container that the injector adds; resources as in Istio's profile `demo`."""
    probe = {
        "httpGet": {"path": "/healthz/ready", "port": SIDECAR_HEALTH_PORT, "scheme": "HTTP"},
        "timeoutSeconds": 3,
    }
    return {
        "name": PROXY_CONTAINER,
        "image": PROXY_IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "args": [
            "proxy", "sidecar", "--domain", "$(POD_NAMESPACE).svc.cluster.local",
            "--proxyLogLevel=warning", "--proxyComponentLogLevel=misc:error", "--log_output_level=default:info",
        ],
        "ports": [{"name": "http-envoy-prom", "containerPort": SIDECAR_STATS_PORT, "protocol": "TCP"}],
        "env": _environment(pod),
        "resources": {"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"cpu": "10m", "memory": "40Mi"}},
        "startupProbe": {**probe, "periodSeconds": 1, "failureThreshold": 600, "successThreshold": 1},
        "readinessProbe": {**probe, "periodSeconds": 15, "failureThreshold": 4, "successThreshold": 1},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }  # fmt: skip


def _has_proxy(pod: Object) -> bool:
    named = any(c.get("name") == PROXY_CONTAINER for c in pod["spec"].get("containers") or ())
    return named or STATUS in (pod["metadata"].get("annotations") or {})


def _webhook_is_called(namespace: Mapping[str, str], pod: Mapping[str, str]) -> bool:
    """The namespaceSelector and objectSelector of Istio's four webhooks."""
    if pod.get(INJECT) == "false":
        return False
    switch, revision = namespace.get(_NAMESPACE_SWITCH), namespace.get(REVISION)
    if switch is not None:
        return switch == "enabled"
    if revision is not None:
        return revision == "default"
    return pod.get(REVISION) == "default" or (REVISION not in pod and pod.get(INJECT) == "true")


def _labels(pod: Object, labels: Mapping[str, str]) -> dict[str, str]:
    name = labels.get("app.kubernetes.io/name") or labels.get("app") or workload_name(pod)
    version = labels.get("app.kubernetes.io/version") or labels.get("version") or "latest"
    return {
        "security.istio.io/tlsMode": "istio",
        "service.istio.io/canonical-name": name,
        "service.istio.io/canonical-revision": version,
    }


def _annotations(app: str) -> dict[str, str]:
    status = {"initContainers": None, "containers": [PROXY_CONTAINER], "volumes": None, "imagePullSecrets": None,
              "revision": "default"}  # fmt: skip
    marks = {
        STATUS: json.dumps(status, separators=(",", ":")),
        REVISION: "default",
        # Istio gives port 15020, where pilot-agent merges the app's metrics into Envoy's; here is only Envoy.
        "prometheus.io/path": "/stats/prometheus",
        "prometheus.io/port": str(SIDECAR_STATS_PORT),
        "prometheus.io/scrape": "true",
    }
    if app:
        marks["kubectl.kubernetes.io/default-container"] = app
        marks["kubectl.kubernetes.io/default-logs-container"] = app
    return marks


def _environment(pod: Mapping[str, Any]) -> list[Object]:
    fields = {
        "POD_NAME": "metadata.name",
        "POD_NAMESPACE": "metadata.namespace",
        "INSTANCE_IP": "status.podIP",
        "SERVICE_ACCOUNT": "spec.serviceAccountName",
        "HOST_IP": "status.hostIP",
    }
    apps = ",".join(c["name"] for c in pod["spec"].get("containers") or ())
    values = {
        "PILOT_CERT_PROVIDER": "istiod",
        "CA_ADDR": "istiod.istio-system.svc:15012",
        "ISTIO_META_APP_CONTAINERS": apps,
        "ISTIO_META_CLUSTER_ID": "Kubernetes",
        "ISTIO_META_INTERCEPTION_MODE": "NONE",
        "ISTIO_META_WORKLOAD_NAME": workload_name(pod),
        "ISTIO_META_OWNER": workload_owner(pod),
        "ISTIO_META_MESH_ID": "cluster.local",
        "TRUST_DOMAIN": "cluster.local",
    }
    by_field = [
        {"name": k, "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": v}}}
        for k, v in fields.items()
    ]
    return by_field + [{"name": k, "value": v} for k, v in values.items()]
