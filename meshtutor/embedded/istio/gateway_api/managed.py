"""A Gateway that names no Service of its own gets one: ServiceAccount, Deployment and Service, called NAME-CLASS.

Source: Istio's gatewaycommon/deploymentcontroller.go and its template kube-gateway.yaml. They belong to the Gateway and
go with it. A port below 1024 is bound 8000 higher than there: pods are processes here, which may not bind it.

Left out: `infrastructure.parametersRef`, replicas and autoscaling.
"""

from __future__ import annotations

from typing import Any, Final

from meshtutor.embedded.istio.gateway_api.objects import KubernetesGateway
from meshtutor.kube.kinds import KUBERNETES_GATEWAY

Object = dict[str, Any]
GATEWAY_NAME: Final = "gateway.networking.k8s.io/gateway-name"
_CLASS_NAME: Final = "gateway.networking.k8s.io/gateway-class-name"
_STATUS_PORT: Final = 15021
_FIRST_FREE_PORT: Final = 1024
_OFFSET: Final = 8000
_SCRAPE: Final = {
    "prometheus.io/scrape": "true",
    "prometheus.io/port": "15090",
    "prometheus.io/path": "/stats/prometheus",
}


def objects_of(gateway: KubernetesGateway) -> list[Object]:
    """What has to be there for a managed Gateway, in the order of making."""
    return [_account(gateway), _deployment(gateway), _service(gateway)]


def target_port(port: int) -> int:
    """The port that a gateway pod binds for a listener's: 80 -> 8080, 443 -> 8443, 8080 -> 8080."""
    return port if port >= _FIRST_FREE_PORT else port + _OFFSET


def _metadata(gateway: KubernetesGateway) -> Object:
    own, extra = gateway.identity, gateway.infrastructure
    owner = {
        "apiVersion": KUBERNETES_GATEWAY.api_version,
        "kind": KUBERNETES_GATEWAY.kind,
        "name": own.name,
        "uid": own.uid,
    }
    found: Object = {
        "name": gateway.managed_name,
        "namespace": own.namespace,
        "labels": {**(extra.get("labels") or {}), **_labels(gateway)},
        "ownerReferences": [owner],
    }
    if annotations := extra.get("annotations"):
        found["annotations"] = dict(annotations)
    return found


def _labels(gateway: KubernetesGateway) -> dict[str, str]:
    return {
        GATEWAY_NAME: gateway.identity.name,
        _CLASS_NAME: gateway.class_name,
        "gateway.istio.io/managed": "istio.io-gateway-controller",
    }


def _account(gateway: KubernetesGateway) -> Object:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _metadata(gateway)}


def _service(gateway: KubernetesGateway) -> Object:
    ports = [{"name": "status-port", "port": _STATUS_PORT, "targetPort": _STATUS_PORT, "protocol": "TCP"}]
    known = {_STATUS_PORT}
    for listener in gateway.listeners:
        if listener.port not in known:
            known.add(listener.port)
            ports.append({
                "name": listener.name, "port": listener.port, "targetPort": target_port(listener.port),
                "protocol": "TCP", "appProtocol": listener.protocol.lower(),
            })  # fmt: skip
    spec = {
        "type": gateway.service_type or "LoadBalancer",
        "selector": {GATEWAY_NAME: gateway.identity.name},
        "ports": ports,
    }
    return {"apiVersion": "v1", "kind": "Service", "metadata": _metadata(gateway), "spec": spec}


def _deployment(gateway: KubernetesGateway) -> Object:
    meta = _metadata(gateway)
    labels = meta["labels"] | {
        "sidecar.istio.io/inject": "false",
        "service.istio.io/canonical-name": gateway.managed_name,
        "service.istio.io/canonical-revision": "latest",
    }
    container = {
        "name": "istio-proxy",
        "image": "docker.io/istio/proxyv2:1.30.3",
        "args": ["proxy", "router"],
        "ports": [{"containerPort": _STATUS_PORT}, {"name": "http-envoy-prom", "containerPort": 15090}],
        "readinessProbe": {"httpGet": {"path": "/healthz/ready", "port": _STATUS_PORT}, "periodSeconds": 2},
    }
    template = {
        "metadata": {"labels": labels, "annotations": {**meta.get("annotations", {}), **_SCRAPE}},
        "spec": {"serviceAccountName": gateway.managed_name, "containers": [container]},
    }
    selector = {"matchLabels": {GATEWAY_NAME: gateway.identity.name}}
    spec = {"replicas": 1, "selector": selector, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}
