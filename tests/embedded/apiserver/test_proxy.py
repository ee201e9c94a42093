"""The proxy subresources: to pods and services, streaming, with WebSockets, and nothing of ours given away."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.embedded.apiserver.conftest import BLOCK, TOKEN, Served
from tests.embedded.apiserver.objects import container, pod, service

ADDRESS = BLOCK.pod(3)
ROOT = "/api/v1/namespaces/default"


class App:
    """An application in a pod of its own: tells what it was asked."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self.more = asyncio.Event()
        application = web.Application()
        application.router.add_get("/redirect", self._redirect)
        application.router.add_get("/slow", self._slow)
        application.router.add_get("/socket", self._socket)
        application.router.add_route("*", "/{path:.*}", self._echo)
        self._runner = web.AppRunner(application)
        served.run(self._start())

    async def _start(self) -> None:
        await self._runner.setup()
        site = web.TCPSite(self._runner, ADDRESS, 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _echo(self, request: web.Request) -> web.Response:
        told = {
            "method": request.method,
            "path": request.raw_path,
            "headers": dict(request.headers),
            "body": await request.text(),
        }
        return web.json_response(told, status=int(request.query.get("status", 200)), headers={"X-App": "yes"})

    async def _redirect(self, _: web.Request) -> web.Response:
        raise web.HTTPFound("/login?a=b")

    async def _slow(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first\n")
        await self.more.wait()
        await response.write(b"second\n")
        return response

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=["chat"])
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(f"{message.data}!")
        return socket

    def close(self) -> None:
        self._served.run(self._runner.cleanup())


@pytest.fixture
def app(served: Served) -> Iterator[App]:
    made = App(served)
    ports = [{"name": "http", "containerPort": made.port}]
    running = served.run(served.registry.create(pod("p", containers=[container(ports=ports)])))
    status = {"phase": "Running", "podIP": ADDRESS}
    served.run(served.registry.update({**running, "status": status}, subresource="status"))
    named = [{"name": "web", "port": 80, "targetPort": "http"}]
    served.run(served.registry.create(service("s", ports=named)))
    served.run(served.registry.create(slice_of("s", made.port)))
    yield made
    made.close()


def slice_of(name: str, port: int, *, ready: bool = True) -> dict[str, Any]:
    meta = {"name": f"{name}-1", "namespace": "default", "labels": {"kubernetes.io/service-name": name}}
    endpoint = {"addresses": [ADDRESS], "conditions": {"ready": ready}}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": meta,
        "addressType": "IPv4",
        "ports": [{"name": "web", "port": port}],
        "endpoints": [endpoint],
    }


REFERENCES = ["pods/p:{port}", "pods/p:http", "pods/p", "pods/http:p:{port}", "services/s:80", "services/s:web",
              "services/s", "services/http:s:web"]  # fmt: skip


@pytest.mark.parametrize("reference", REFERENCES)
def test_a_pod_or_service_is_reached_by_number_name_or_default(
    served: Served, app: App, reference: str
) -> None:
    path = f"{ROOT}/{reference.format(port=app.port)}/proxy/a%2Fb/c?x=1&x=2"
    answer = served.call("GET", path)
    assert answer.json()["path"] == "/a%2Fb/c?x=1&x=2"
    assert answer.headers["X-App"] == "yes"


def test_method_body_and_status_pass(served: Served, app: App) -> None:
    answer = served.call("POST", f"{ROOT}/pods/p/proxy/x?status=418", {"a": 1})
    assert answer.status_code == 418
    assert (answer.json()["method"], answer.json()["body"]) == ("POST", '{"a": 1}')


def test_the_callers_credentials_stay_here(served: Served, app: App) -> None:
    told = served.call("GET", f"{ROOT}/pods/p/proxy/", X_Mine="yes").json()
    assert "Authorization" not in told["headers"]
    assert TOKEN not in str(told)
    assert told["headers"]["X-Mine"] == "yes"
    assert told["headers"]["X-Forwarded-Uri"] == f"{ROOT}/pods/p/proxy/"


def test_a_redirect_stays_inside_the_proxy(served: Served, app: App) -> None:
    url = f"{served.api.url}{ROOT}/services/s:80/proxy/redirect"
    answer = served.http.get(url, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{ROOT}/services/s:80/proxy/login?a=b")
    assert served.http.get(url).json()["path"] == "/login?a=b"


def test_an_answer_streams(served: Served, app: App) -> None:
    answer = served.http.get(f"{served.api.url}{ROOT}/pods/p/proxy/slow", stream=True, timeout=10)
    lines = answer.iter_lines(chunk_size=1)
    assert next(lines) == b"first"
    served.call_soon(app.more.set)
    assert next(lines) == b"second"


def test_websockets_pass_both_ways(served: Served, app: App) -> None:
    async def talk() -> tuple[str, str | None]:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        url = f"{served.api.url}{ROOT}/pods/p/proxy/socket"
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.ws_connect(url, protocols=["chat"], ssl=False) as socket,
        ):
            await socket.send_str("hello")
            return await socket.receive_str(), socket.protocol

    assert asyncio.run(talk()) == ("hello!", "chat")


@pytest.mark.parametrize(
    ("reference", "code", "text"),
    [
        ("services/s:81", 503, 'no service port "81" found for service "s"'),
        ("services/nobody:80", 404, 'services "nobody" not found'),
        ("pods/p:nameless", 400, "no port named 'nameless'"),
        ("pods/p:1", 503, "error trying to reach service"),
        ("pods/a:b:c:d", 400, "invalid proxy request"),
    ],
)
def test_what_cannot_be_reached_is_said(
    served: Served, app: App, reference: str, code: int, text: str
) -> None:
    answer = served.call("GET", f"{ROOT}/{reference}/proxy/")
    assert answer.status_code == code
    assert text in answer.json()["message"]


def test_a_service_whose_pods_are_not_ready_has_no_endpoints(served: Served, app: App) -> None:
    served.run(served.registry.create(service("t", ports=[{"name": "web", "port": 80}])))
    served.run(served.registry.create(slice_of("t", app.port, ready=False)))
    answer = served.call("GET", f"{ROOT}/services/t:80/proxy/")
    assert (answer.status_code, answer.json()["message"]) == (503, 'no endpoints available for service "t"')
