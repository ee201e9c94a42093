"""Real Envoys under a real control plane, with echo servers as apps, all on loopback addresses of this process."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from meshtutor.embedded.istio.pilot import Pilot
from meshtutor.embedded.kubelet.envoy import envoy_binary, proxyv2
from meshtutor.embedded.kubelet.place import Place
from meshtutor.embedded.network import Block, app_address
from meshtutor.embedded.xds.tokens import Tokens

from . import objects as make
from .api import WatchedStore

Object = dict[str, Any]
VERSION, TEXT = web.RequestKey("version", str), web.RequestKey("text", str)
"""What a request in `Mesh.seen` carries: the version that it reached, and its body."""


@dataclass
class Answer:
    status: int
    body: dict[str, Any] | None
    headers: dict[str, str]
    seconds: float

    @property
    def version(self) -> str:
        return str((self.body or {}).get("version", ""))


def _tls_of(request: web.Request) -> dict[str, Any]:
    """How the connection that an app took is secured: the name that was asked for, and whose certificate came."""
    connection = request.transport.get_extra_info("ssl_object") if request.transport else None
    if connection is None:
        return {}
    shown = connection.getpeercert() or {}
    subject = dict(pair for part in shown.get("subject", ()) for pair in part)
    return {"name": getattr(connection, "asked_for", ""), "client": subject.get("commonName", "")}


@dataclass
class Mesh:
    """What a test holds. Requests go out through a pod's sidecar, or straight to an address.

    `slow`: seconds by version that its pods take for every answer; `failing`: versions whose pods answer 503.
    """

    block: Block
    directory: Path
    store: WatchedStore = field(default_factory=WatchedStore)
    tokens: Tokens = field(default_factory=Tokens)
    pilot: Pilot = field(init=False)
    session: aiohttp.ClientSession = field(init=False)
    seen: list[web.Request] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)
    slow: dict[str, float] = field(default_factory=dict)
    _envoys: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _runners: list[web.AppRunner] = field(default_factory=list)
    _next_ip: int = 0

    def __post_init__(self) -> None:
        self.pilot = Pilot(self.store, self.block, self.directory / "pki", self.tokens)

    # -- what runs -------------------------------------------------------------------------------------------------

    async def pod(self, app: str, version: str = "v1", **options: Any) -> Object:
        """A pod with its app (an echo server) and its Envoy, running; it is in the store, without endpoints.

        `tls`: the server's ssl.SSLContext, for an app that speaks TLS itself.
        """
        tls = options.pop("tls", None)
        ip = self.block.pod(self._next_ip)
        self._next_ip += 1
        made = make.pod(app, version, ip, **options)
        self.store.apply(made)
        if not options.get("router"):
            address = app_address(ip) if options.get("sidecar", True) else ip
            await self._serve(made, address, options.get("port", 9080), tls)
        if options.get("sidecar", True) or options.get("router"):
            self._start_envoy(made, ip)
        return made

    def _start_envoy(self, pod: Object, ip: str) -> None:
        folder = make.directory(self.directory, pod["metadata"]["name"])
        place = Place(pod, ip, folder, make.node("agent-0"), self.block)
        container = next(c for c in pod["spec"]["containers"] if c["name"] == "istio-proxy")
        image = proxyv2(self.tokens, envoy_binary())
        assert image.adapt is not None
        with (folder / "log").open("wb") as log:
            argv = image.adapt([], container, place)
            self._envoys.append(subprocess.Popen(argv, stdout=log, stderr=log, cwd=folder))

    def log(self, pod: Object) -> str:
        return (self.directory / pod["metadata"]["name"] / "log").read_text()

    async def _serve(self, pod: Object, address: str, port: int, tls: Any = None) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", partial(self._echo, pod))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, address, port, reuse_address=True, ssl_context=tls).start()
        self._runners.append(runner)

    async def _echo(self, pod: Object, request: web.Request) -> web.Response:
        """Says what it was asked; /status/N answers N, /delay/S after S seconds; a version in `failing` answers 503."""
        labels = pod["metadata"]["labels"]
        request[VERSION], request[TEXT] = labels["version"], await request.text()
        self.seen.append(request)
        said = {
            "pod": pod["metadata"]["name"],
            "version": labels["version"],
            "app": labels["app"],
            "path": request.path,
            "query": request.query_string,
            "method": request.method,
            "host": request.host,
            "headers": dict(request.headers),
            "tls": _tls_of(request),
        }
        await asyncio.sleep(self.slow.get(labels["version"], 0.0))
        first, _, second = request.path.strip("/").partition("/")
        if first == "delay":
            await asyncio.sleep(float(second))
        failed = labels["version"] in self.failing
        return web.json_response(said, status=503 if failed else int(second) if first == "status" else 200)

    # -- what is asked ---------------------------------------------------------------------------------------------

    async def get(self, url: str, via: Object | None = None, **options: Any) -> Answer:
        """GET (or `method`); `via`: the pod through whose sidecar the request goes."""
        proxy = f"http://{via['status']['podIP']}:15001" if via else None
        method = options.pop("method", "GET")
        began = time.monotonic()
        async with self.session.request(
            method, url, proxy=proxy, allow_redirects=False, **options
        ) as response:
            text = await response.text()
            body = None
            with contextlib.suppress(ValueError):
                body = json.loads(text)
            return Answer(
                response.status,
                body if isinstance(body, dict) else None,
                {k.lower(): v for k, v in response.headers.items()},
                time.monotonic() - began,
            )

    async def admin(self, pod: Object, path: str) -> str:
        async with self.session.get(f"http://{pod['status']['podIP']}:15000{path}") as response:
            return await response.text()

    async def config_dump(self, pod: Object) -> dict[str, Any]:
        return json.loads(await self.admin(pod, "/config_dump?include_eds"))

    async def stats(self, pod: Object, name: str = "") -> list[str]:
        """Lines of /stats/prometheus that begin with a name."""
        async with self.session.get(f"http://{pod['status']['podIP']}:15090/stats/prometheus") as response:
            return [line for line in (await response.text()).splitlines() if line.startswith(name)]

    # -- what is waited for ----------------------------------------------------------------------------------------

    async def apply(self, *found: Object) -> dict[str, Any]:
        """Apply objects and wait until every proxy has answered; the distribution's report."""
        before = self.store.revision
        report = await self.pilot.distribution.wait(self.store.apply(*found), 10, since=before)
        assert report["complete"], report
        return report

    async def delete(self, *found: Object) -> dict[str, Any]:
        before = self.store.revision
        report = await self.pilot.distribution.wait(self.store.delete(*found), 10, since=before)
        assert report["complete"], report
        return report

    async def until_ready(self, *pods: Object) -> None:
        """Wait until the Envoys of the pods have their configuration."""
        for pod in pods:
            await self.until(lambda pod=pod: self._is_ready(pod), f"{pod['metadata']['name']} is ready")

    async def _is_ready(self, pod: Object) -> bool:
        try:
            async with self.session.get(f"http://{pod['status']['podIP']}:15021/healthz/ready") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False

    async def until(self, condition: Callable[[], Any], what: str, seconds: float = 10.0) -> Any:
        """The first true answer of a coroutine function or function."""
        deadline = time.monotonic() + seconds
        while True:
            answer = condition()
            if asyncio.iscoroutine(answer):
                answer = await answer
            if answer:
                return answer
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
            await asyncio.sleep(0.01)

    # -- its control plane -----------------------------------------------------------------------------------------

    async def begin(self) -> None:
        """Run the control plane until it can serve proxies, or raise what it raised."""
        pilot = asyncio.create_task(self.pilot.run())
        ready = asyncio.create_task(self.pilot.ready())
        await asyncio.wait({pilot, ready}, return_when=asyncio.FIRST_COMPLETED)
        if pilot.done():
            pilot.result()

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """No control plane within the block; behind it a new one, to which all proxies have come back."""
        proxies = set(self.pilot.discovery.connections)
        await self.pilot.stop()
        yield
        self.pilot = Pilot(self.store, self.block, self.directory / "pki", self.tokens)
        await self.begin()
        await self.until(
            lambda: proxies <= self.pilot.discovery.connections.keys(), "the proxies are back", 30
        )

    async def close(self) -> None:
        for envoy in self._envoys:
            envoy.terminate()
        for envoy in self._envoys:
            envoy.wait(5)
        for runner in self._runners:
            await runner.cleanup()


@contextlib.asynccontextmanager
async def running(directory: Path) -> AsyncIterator[Mesh]:
    """A mesh with a control plane and no pods yet."""
    mesh = Mesh(make.block(), directory)
    mesh.store.apply(make.node("agent-0"), make.node("agent-1", "brazil", "brazil-1"))
    try:
        await mesh.begin()
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(10)) as mesh.session:
            yield mesh
    finally:
        await mesh.close()
        await mesh.pilot.stop()


@contextlib.asynccontextmanager
async def applying(mesh: Mesh) -> AsyncIterator[Callable[..., Awaitable[None]]]:
    """Apply objects for a while; no proxy may refuse anything."""
    applied: dict[tuple[str, str], dict] = {}

    async def and_wait(*objects: dict) -> None:
        applied.update({(obj["kind"], obj["metadata"]["name"]): obj for obj in objects})
        report = await mesh.apply(*objects)
        assert all(proxy["state"] == "ACK" for proxy in report["proxies"]), report

    yield and_wait
    await mesh.delete(*applied.values())
