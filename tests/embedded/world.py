"""A little cluster for tests: the registry with controllers, and a kubelet that is real or pretended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.registry import Registry
from meshtutor.embedded.controllers.run import run_all
from meshtutor.embedded.kubelet.catalogue import default_images
from meshtutor.embedded.kubelet.clock import Clock
from meshtutor.embedded.kubelet.injection import inject
from meshtutor.embedded.kubelet.kubelet import Kubelet
from meshtutor.embedded.network import Block
from meshtutor.embedded.objects import timestamp
from meshtutor.embedded.xds.tokens import Tokens
from meshtutor.errors import NotFoundError
from meshtutor.kube.kinds import EVENT, POD, Kind

BLOCK = Block(2 + os.getpid() % 18)  # labs settle from 20 on: never where one may run
SERVER = """
import http.server, json, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        told = {"pod": os.environ["HOSTNAME"], "path": self.path}
        told |= {"headers": dict(self.headers), "env": dict(os.environ)}
        body = json.dumps(told).encode()
        self.send_response(500 if self.path == "/fail" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
print("serving", flush=True)
address = (os.environ["BIND_ADDRESS"], int(os.environ.get("PORT", 9080)))
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
"""


async def until(check: Callable[[], Any], what: str, seconds: float = 15.0) -> Any:
    """The first true answer of `check` (may be a coroutine function), or a failure that says what was awaited."""
    end = time.monotonic() + seconds
    while True:
        answer = check()
        if asyncio.iscoroutine(answer):
            answer = await answer
        if answer:
            return answer
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.005)


def pod(name: str, container: Object | None = None, **spec: Any) -> Object:
    """A bare pod with one container `app`, by default one that sleeps."""
    app = {"name": "app", "image": "python:3.13-alpine", "command": ["sleep", "1000"], **(container or {})}
    spec = {"containers": [app], "terminationGracePeriodSeconds": 2, **spec}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": spec,
    }


def code(program: str, **container: Any) -> Object:
    """A container that runs a Python program."""
    return {"command": ["python", "-c", program], **container}


def deployment(name: str, replicas: int = 1, container: Object | None = None, **spec: Any) -> Object:
    """A Deployment of pods with label app=NAME."""
    template = {"metadata": {"labels": {"app": name}}, "spec": pod("x", container)["spec"]}
    body = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template, **spec}
    meta = {"name": name, "namespace": "default"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": body}


def service(name: str, **spec: Any) -> Object:
    """A Service for pods with label app=NAME."""
    ports = [{"name": "http", "port": 9080, "targetPort": 9080}]
    body = {"selector": {"app": name}, "ports": ports, **spec}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": body,
    }


def config_map(name: str, data: dict[str, str], kind: str = "ConfigMap") -> Object:
    """A ConfigMap (or Secret, with plain values)."""
    body = {"data": data} if kind == "ConfigMap" else {"stringData": data}
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "default"}, **body}


@dataclass
class World:
    """What a test holds."""

    api: Registry
    block: Block
    directory: Path
    kubelet: Kubelet | None = None
    tokens: Tokens = field(default_factory=Tokens)

    async def get(self, kind: Kind, name: str, namespace: str = "default") -> Object | None:
        """The object, or None."""
        try:
            return await self.api.get(kind, name, namespace if kind.namespaced else "")
        except NotFoundError:
            return None

    async def pods(self, app: str = "") -> list[Object]:
        """Pods, of an app if it is named."""
        return await self.api.list(POD, "default", labels=f"app={app}" if app else "")

    async def running(self, name: str) -> Object:
        """The pod, once it is ready."""

        async def ready() -> Object | None:
            found = await self.get(POD, name)
            conditions = ((found or {}).get("status") or {}).get("conditions") or ()
            return found if any(c["type"] == "Ready" and c["status"] == "True" for c in conditions) else None

        return await until(ready, f"pod {name} is ready")

    async def state(self, name: str, check: Callable[[Object], Any], container: str = "app") -> Object:
        """The status of a pod's container, once `check` likes it."""

        async def look() -> Object | None:
            found = await self.get(POD, name) or {}
            status = found.get("status") or {}
            states = [*(status.get("containerStatuses") or ()), *(status.get("initContainerStatuses") or ())]
            one = next((s for s in states if s["name"] == container), None)
            return one if one and check(one) else None

        return await until(look, f"container {container} of pod {name} is as expected")

    async def event(self, reason: str, text: str = "") -> Object:
        """An event with this reason and text in its message, once there is one."""

        async def look() -> Object | None:
            events = await self.api.list(EVENT)
            return next((e for e in events if e["reason"] == reason and text in e["message"]), None)

        return await until(look, f"event {reason} {text}")


@contextlib.asynccontextmanager
async def world(
    directory: Path,
    *,
    real: bool = True,
    clock: Clock | None = None,
    namespaces: dict[str, dict[str, str]] | None = None,
) -> AsyncIterator[World]:
    """A cluster with namespace `default`; without `real` pods become ready by themselves, with no process."""
    api = Registry(BLOCK, mutators=[inject])
    held = World(api, BLOCK, directory)
    for name, labels in {"default": {}, "kube-node-lease": {}, **(namespaces or {})}.items():
        meta = {"name": name, "labels": labels}
        await api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    images = default_images(held.tokens, directory / "images")
    kubelet = held.kubelet = Kubelet(api, BLOCK, directory / "pods", images, clock=clock)
    controllers = asyncio.create_task(run_all(api, BLOCK, {"kube-root-ca.crt": {"ca.crt": "PEM"}}))
    pretend = asyncio.create_task(pretend_kubelet(api)) if not real else None
    try:
        if real:
            await kubelet.start()
        yield held
        assert not controllers.done(), controllers
    finally:
        if real:
            await kubelet.stop()
        for task in (controllers, pretend):
            if task is not None:
                task.cancel()
        await asyncio.gather(controllers, *([pretend] if pretend else []), return_exceptions=True)


async def pretend_kubelet(api: Registry) -> None:
    """Every bound pod is ready at once, unless its annotation `test/unready` says no; one that is to go goes."""
    async for event in api.watch(POD):
        if event.type in ("DELETED", "BOOKMARK") or not event.object["spec"].get("nodeName"):
            continue
        meta, status = event.object["metadata"], event.object.get("status") or {}
        if meta.get("deletionTimestamp"):
            with contextlib.suppress(NotFoundError):
                await api.delete(POD, meta["name"], meta["namespace"], grace_seconds=0)
            continue
        ready = "False" if "test/unready" in (meta.get("annotations") or {}) else "True"
        number = int(meta["uid"].replace("-", "")[:4], 16) % 12_000
        new = {
            "phase": "Running",
            "podIP": BLOCK.pod(number),
            "conditions": [{"type": "Ready", "status": ready}],
        }
        new["conditions"][0]["lastTransitionTime"] = timestamp()
        if status.get("podIP") != new["podIP"]:
            with contextlib.suppress(NotFoundError):
                await api.update(
                    {**event.object, "metadata": {**meta, "resourceVersion": ""}, "status": new}, "status"
                )
