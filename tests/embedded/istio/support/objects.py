"""Kubernetes objects as a test needs them, short."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import yaml

from meshtutor.embedded.network import Block

_stamps = itertools.count()
_ips = itertools.count()


def created() -> str:
    """A creation time later than that of every object before."""
    count = next(_stamps)
    return f"2026-01-01T{count // 3600 % 24:02}:{count // 60 % 60:02}:{count % 60:02}Z"


def meta(name: str, namespace: str = "default", **labels: str) -> dict[str, Any]:
    return {"name": name, "namespace": namespace, "labels": labels, "creationTimestamp": created()}


def service(
    name: str, *ports: int, namespace: str = "default", ip: str = "", **selector: str
) -> dict[str, Any]:
    """A Service; each port is called http-PORT, its target is itself."""
    listed = [{"name": f"http-{port}", "port": port, "targetPort": port} for port in ports or (9080,)]
    spec = {
        "selector": selector or {"app": name},
        "ports": listed,
        "clusterIP": ip or f"10.1.{next(_ips) // 250}.{next(_ips) % 250}",
    }
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta(name, namespace), "spec": spec}


def pod(
    app: str,
    version: str = "v1",
    ip: str = "127.0.0.9",
    *,
    namespace: str = "default",
    node: str = "agent-0",
    sidecar: bool = True,
    port: int = 9080,
    router: bool = False,
    **labels: str,
) -> dict[str, Any]:
    """A running pod of Deployment APP-VERSION, with a sidecar unless told otherwise."""
    name = f"{app}-{version}-{ip.replace('.', '-')}"
    found = {"app": app, "version": version, "service.istio.io/canonical-name": app} | labels
    containers = [] if router else [{"name": "app", "image": "x", "ports": [{"containerPort": port}]}]
    if sidecar:
        found |= {"security.istio.io/tlsMode": "istio", "service.istio.io/canonical-revision": version}
    if sidecar or router:
        role = "router" if router else "sidecar"
        containers.append({"name": "istio-proxy", "image": "istio/proxyv2", "args": ["proxy", role]})
    owner = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": f"{app}-{version}-abc",
        "controller": True,
        "uid": "u",
    }
    metadata = meta(name, namespace, **found, **{"pod-template-hash": "abc"}) | {
        "ownerReferences": [owner],
        "uid": name,
    }
    spec = {"serviceAccountName": app, "nodeName": node, "containers": containers}
    ready = {"type": "Ready", "status": "True"}
    status = {"podIP": ip, "phase": "Running", "conditions": [ready]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


def endpoint_slice(
    of: dict[str, Any], *pods: dict[str, Any], unready: tuple[dict[str, Any], ...] = ()
) -> dict[str, Any]:
    """The EndpointSlice of a Service with these pods, which are ready but for `unready`."""
    name, namespace = of["metadata"]["name"], of["metadata"]["namespace"]
    ports = [{"name": p["name"], "port": p["targetPort"], "protocol": "TCP"} for p in of["spec"]["ports"]]
    listed = [
        {
            "addresses": [p["status"]["podIP"]],
            "conditions": {"ready": p not in unready},
            "targetRef": {"kind": "Pod", "name": p["metadata"]["name"], "namespace": namespace},
        }
        for p in pods
    ]
    metadata = meta(f"{name}-1", namespace, **{"kubernetes.io/service-name": name})
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata,
            "addressType": "IPv4", "endpoints": listed, "ports": ports}  # fmt: skip


def node(name: str, region: str = "europe", zone: str = "europe-1") -> dict[str, Any]:
    labels = {"topology.kubernetes.io/region": region, "topology.kubernetes.io/zone": zone}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}


def mesh_config(text: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": meta("istio", "istio-system"),
        "data": {"mesh": text},
    }


def parse(text: str, namespace: str = "default") -> list[dict[str, Any]]:
    """YAML as the API server would store it: namespace and creation time filled in."""
    found = [document for document in yaml.safe_load_all(text) if document]
    for obj in found:
        kind = obj.get("kind")
        group = "security" if kind in ("PeerAuthentication", "AuthorizationPolicy") else "networking"
        obj.setdefault("apiVersion", f"{group}.istio.io/v1")
        obj["metadata"] = {"namespace": namespace, "creationTimestamp": created()} | obj["metadata"]
    return found


def rule(kind: str, name: str, namespace: str = "default", **spec: Any) -> dict[str, Any]:
    """An object of networking.istio.io."""
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": kind,
        "metadata": meta(name, namespace),
        "spec": spec,
    }


def block() -> Block:
    """A block of loopback addresses for this test process."""
    import os

    return Block(2 + os.getpid() % 18)  # labs settle from 20 on


def directory(base: Path, name: str) -> Path:
    found = base / name
    found.mkdir(parents=True, exist_ok=True)
    return found
