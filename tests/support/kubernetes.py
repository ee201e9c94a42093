"""A Kubernetes API small enough for tests of what a learner holds: objects by URL path, one revision counter.

The real ones are tested with the real API server; here tests decide about refusals, warnings and proxied services.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from meshtutor.kube import kinds
from meshtutor.kube.kinds import Kind
from meshtutor.providers.base import Distribution, MeshInfo, Provider, ProxyAck
from tests.support.servers import Answer, Asked, Server

Object = dict[str, Any]
TOKEN = "fake-token"


class FakeKubernetes:
    """`put` objects, set `refuse`, `warn` and `proxied`, and read `objects`."""

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self.revision = 100
        self.refuse: Callable[[Object], Object | None] = lambda obj: None
        self.warn: Callable[[Object], list[str]] = lambda obj: []
        self.proxied: Callable[[Asked], Answer | None] = lambda asked: None
        self._lock = threading.RLock()
        self.server = Server(self._answer)

    def kubeconfig(self, directory: Path) -> Path:
        path = directory / "kubeconfig"
        path.write_text(yaml.safe_dump({
            "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake"}}], "current-context": "fake",
            "clusters": [{"name": "fake", "cluster": {"server": self.server.url}}],
            "users": [{"name": "fake", "user": {"token": TOKEN}}],
        }))  # fmt: skip
        return path

    def put(self, obj: Object) -> Object:
        with self._lock:
            kind = kinds.kind_of(obj)
            assert kind is not None
            path = kind.path(obj["metadata"]["name"], obj["metadata"].get("namespace", "default"))
            self.revision += 1
            stored = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.revision)}}
            if kind.namespaced:
                stored["metadata"].setdefault("namespace", "default")
            self.objects[path] = stored
            return stored

    def _answer(self, asked: Asked) -> Answer | None:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return _status(401, "Unauthorized", "Unauthorized")
        path = urlsplit(asked.target).path
        if "/proxy/" in path:
            return self.proxied(asked) or _status(503, "ServiceUnavailable", "no endpoints available")
        with self._lock:
            return getattr(self, f"_{asked.method.lower()}")(path, asked)

    def _get(self, path: str, asked: Asked) -> Answer:
        if path in self.objects:
            return _json(self.objects[path])
        if kind := _collection(path):
            wanted = parse_qs(urlsplit(asked.target).query).get("labelSelector", [""])[0]
            items = [obj for at, obj in self.objects.items() if _is_in(at, path) and _has(obj, wanted)]
            return _json({"apiVersion": kind.api_version, "kind": f"{kind.kind}List", "items": items,
                          "metadata": {"resourceVersion": str(self.revision)}})  # fmt: skip
        return _status(404, "NotFound", f"{path} not found")

    def _patch(self, path: str, asked: Asked) -> Answer:
        obj = json.loads(asked.body)
        if "merge-patch" in asked.headers["content-type"]:
            old = self.objects[path]
            labels = {**old["metadata"].get("labels", {}), **obj["metadata"].get("labels", {})}
            kept = {name: value for name, value in labels.items() if value is not None}
            return _json(self.put({**old, "metadata": {**old["metadata"], "labels": kept}}))
        if status := self.refuse(obj):
            return _json(status, status["code"])
        old = self.objects.get(path)
        same = old is not None and all(
            old.get(key) == value for key, value in obj.items() if key != "metadata"
        )
        stored = old if old is not None and same else self.put(obj)
        return Answer(
            200,
            json.dumps(stored).encode(),
            {"Content-Type": "application/json", **_warnings(self.warn(obj))},
        )

    def _delete(self, path: str, asked: Asked) -> Answer:
        if self.objects.pop(path, None) is None:
            return _status(404, "NotFound", f"{path} not found")
        self.revision += 1
        return _json({"kind": "Status", "status": "Success"})


class FakeProvider(Provider):
    """A mesh whose proxies answer at once, with `acks`."""

    def __init__(
        self, kubernetes: FakeKubernetes, directory: Path, gateway: str = "http://localhost:1"
    ) -> None:
        self.kubernetes = kubernetes
        self.kubeconfig = kubernetes.kubeconfig(directory)
        self.context = "fake"
        self.gateway = gateway
        self.proxy: str | None = None
        self.acks: tuple[ProxyAck, ...] = (ProxyAck("client-1.default", "ACK", 2.5, ("RDS",)),)
        self.waited_for: list[str] = []

    def info(self) -> MeshInfo:
        return MeshInfo(True, "fake", "test", str(self.kubeconfig), self.context, self.gateway, "")

    def wait_until_distributed(self, resource_version: str, timeout: float = 10.0) -> Distribution:
        self.waited_for.append(resource_version)
        complete = all(ack.state != "PENDING" for ack in self.acks)
        return Distribution(
            resource_version, complete, self.acks, max((a.milliseconds for a in self.acks), default=0.0)
        )

    def http_proxy(self, pod: dict[str, Any]) -> str | None:
        return self.proxy


def pod(name: str, app: str, version: str = "v1", *, sidecar: bool = True, ready: bool = True) -> Object:
    containers = [{"name": app}, *([{"name": "istio-proxy"}] if sidecar else [])]
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": {"app": app, "version": version},
                     "ownerReferences": [{"kind": "ReplicaSet", "name": name.rsplit("-", 1)[0], "controller": True}]},
        "spec": {"containers": containers, "nodeName": "agent-0"},
        "status": {"phase": "Running", "podIP": "127.0.0.1",
                   "conditions": [{"type": "Ready", "status": str(ready)}],
                   "containerStatuses": [{"name": c["name"], "ready": ready, "restartCount": 0} for c in containers]},
    }  # fmt: skip


def service(name: str, port: int = 9080) -> Object:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "default"},
            "spec": {"ports": [{"name": "http", "port": port}], "selector": {"app": name}}}  # fmt: skip


def refusal(field: str, message: str) -> Object:
    return {"kind": "Status", "status": "Failure", "code": 422, "reason": "Invalid", "message": message,
            "details": {"causes": [{"field": field, "message": message}]}}  # fmt: skip


def _collection(path: str) -> Kind | None:
    for kind in kinds.ALL:
        for namespace in (
            "",
            *([path.split("/namespaces/")[1].split("/", maxsplit=1)[0]] if "/namespaces/" in path else []),
        ):
            if path == kind.path(namespace=namespace):
                return kind
    return None


def _is_in(path: str, collection: str) -> bool:
    parent = path.rsplit("/", 1)[0]
    return collection in (parent, re.sub(r"/namespaces/[^/]+/", "/", parent))


def _has(obj: Object, selector: str) -> bool:
    labels = obj["metadata"].get("labels", {})
    return all(labels.get(pair.split("=")[0]) == pair.split("=")[1] for pair in selector.split(",") if pair)


def _json(value: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json"})


def _status(code: int, reason: str, message: str) -> Answer:
    return _json(
        {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}, code
    )


def _warnings(texts: list[str]) -> dict[str, str]:
    return {"Warning": f'299 - "{texts[0]}"'} if texts else {}
