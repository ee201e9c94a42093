"""The server: TLS, authentication, and which handler a request is for.

    api = ApiServer(registry, token, pki)
    await api.start("127.20.0.1", 6443)      # ... await api.stop()

Left out: HTTP/2 (clients of this size do well with 1.1), audit, priority and fairness.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Awaitable, Callable
from ssl import SSLContext
from typing import Final

from aiohttp import web

from meshtutor.embedded.apiserver.http.answers import answer, flag, refused
from meshtutor.embedded.apiserver.http.authentication import Authenticator
from meshtutor.embedded.apiserver.http.discovery import Discovery
from meshtutor.embedded.apiserver.http.handlers import Handlers
from meshtutor.embedded.apiserver.http.openapi import VERSION, OpenApi
from meshtutor.embedded.apiserver.http.paths import Target, target_of
from meshtutor.embedded.apiserver.http.portforward.handler import PortForward
from meshtutor.embedded.apiserver.http.proxy import Proxy
from meshtutor.embedded.apiserver.http.reviews import Reviews
from meshtutor.embedded.apiserver.http.subresources import Subresources
from meshtutor.embedded.apiserver.http.watching import stream, watch_of
from meshtutor.embedded.apiserver.pki import Pki
from meshtutor.embedded.apiserver.registry import Registry
from meshtutor.embedded.apiserver.resources import Resource
from meshtutor.embedded.apiserver.statuses import no_such_resource, refusal
from meshtutor.embedded.apiserver.tokens import ServiceAccountTokens, User
from meshtutor.errors import ApiStatusError, LabError
from meshtutor.kube.kinds import SERVICE_ACCOUNT

log = logging.getLogger(__name__)
_BODY_LIMIT: Final = 3 * 1024 * 1024
_SHUTDOWN_SECONDS: Final = 0.2
_KEEPALIVE_SECONDS: Final = 300.0
_ROOTS: Final = ("/api", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version")
_EXEC: Final = (
    "{0} is not supported: containers of this lab are processes of this machine, without a namespace to enter. "
    "Next step: kubectl logs, or on a real cluster kubectl {0}."
)
Handler = Callable[[web.Request, Target, Resource], Awaitable[web.StreamResponse]]


class ApiServer:
    """Serves a registry. With `pki` None it speaks plain HTTP, which only tests should want."""

    def __init__(self, registry: Registry, token: str, pki: Pki | None) -> None:
        self._registry = registry
        self._pki = pki
        self.tokens = ServiceAccountTokens(self._is_account)
        self._authenticator = Authenticator(token, self.tokens)
        self._discovery = Discovery(registry.core.resources)
        self._openapi = OpenApi(registry.core.resources, self._discovery)
        self._reviews = Reviews(self._authenticator)
        self._handlers = Handlers(registry)
        self._subresources = Subresources(registry, self.tokens)
        self._proxy = Proxy(registry.store)
        self._portforward = PortForward(registry)
        self._runner: web.AppRunner | None = None
        self._closing = asyncio.Event()
        self.url = ""

    async def start(self, host: str, port: int, claimed: socket.socket | None = None) -> None:
        """Listen, on a socket that is `claimed` already if there is one; LabError if the address is taken.

        With port 0 the kernel chooses; `url` then says which.
        """
        await self._proxy.start()
        app = web.Application(client_max_size=_BODY_LIMIT)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(
            app,
            access_log=None,
            handler_cancellation=True,
            shutdown_timeout=_SHUTDOWN_SECONDS,
            keepalive_timeout=_KEEPALIVE_SECONDS,
            auto_decompress=False,
        )
        await self._runner.setup()
        context = self._pki.context() if self._pki else None
        try:
            await _site(self._runner, host, port, claimed, context).start()
        except OSError as error:
            await self.stop()
            hint = "Free the port, or start the lab under another name."
            raise LabError(
                f"The API server cannot listen on {host}:{port}: {error.strerror}.", hint
            ) from error
        bound = self._runner.addresses[0][1]
        self.url = f"{'https' if context else 'http'}://{host}:{bound}"

    async def stop(self) -> None:
        """Close the listener, end the watches, close the proxies' connections."""
        self._closing.set()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None
        await self._proxy.stop()

    def _is_account(self, namespace: str, name: str, uid: str) -> bool:
        found = self._registry.store.get(SERVICE_ACCOUNT, namespace, name)
        return found is not None and found["metadata"]["uid"] == uid

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        """Every request; refusals become Status bodies, and so do our own faults, after a line in the log."""
        try:
            user = self._authenticator.user(request)
            return await self._route(request, user)
        except ApiStatusError as error:
            return refused(error)
        except web.HTTPException as error:
            return refused(refusal(error.status, error.reason or "", error.text or ""))
        except ConnectionResetError:
            raise
        except Exception as error:
            log.exception("%s %s failed", request.method, request.path)
            message = f"Internal error occurred: {type(error).__name__}: {error}"
            return refused(refusal(500, "InternalError", message))

    async def _route(self, request: web.Request, user: User) -> web.StreamResponse:
        target = target_of(request.rel_url.raw_path)
        if target is None or not target.resource:
            return self._general(request)
        if (kind := self._reviews.find(target)) and request.method == "POST":
            return await self._reviews.review(request, kind, user)
        resource = self._registry.core.resources.at(target.group, target.version, target.resource)
        return await self._handler(request, target, resource)(request, target, resource)

    def _general(self, request: web.Request) -> web.Response:
        """What is not about objects: health, version, discovery, OpenAPI."""
        path = request.path.rstrip("/") or "/"
        if path.split("/")[1] in ("livez", "readyz", "healthz"):
            return web.Response(text="ok")
        fixed: dict[str, Callable[[], web.Response]] = {
            "/": lambda: answer({"paths": list(_ROOTS)}),
            "/version": lambda: answer(_version()),
            "/openapi/v2": self._openapi.v2,
            "/openapi/v3": self._openapi.index,
        }
        if found := fixed.get(path):
            return found()
        if path.startswith("/openapi/v3/"):
            return self._openapi.document(request)
        return self._discover(request, path)

    def _discover(self, request: web.Request, path: str) -> web.Response:
        document = self._discovery.document(path, request.headers.get("Accept", ""), request.host)
        response = answer(document)
        if document["kind"] == "APIGroupDiscoveryList":
            version = document["apiVersion"].partition("/")[2]
            form = f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
            response.headers["Content-Type"] = form
        return response

    def _handler(self, request: web.Request, target: Target, resource: Resource) -> Handler:
        if target.subresource not in ("", "status"):
            return self._of_subresource(request, target, resource)
        if target.subresource and not resource.has_status:
            raise no_such_resource()
        methods: dict[str, Handler] = (
            {
                "GET": self._watch if flag(request.query, "watch") else self._handlers.get,
                "PUT": self._handlers.update,
                "PATCH": self._handlers.patch,
                "DELETE": self._handlers.delete,
            }
            if target.name
            else {
                "GET": self._watch if flag(request.query, "watch") else self._handlers.list,
                "POST": self._handlers.create,
                "DELETE": self._handlers.delete_collection,
            }
        )
        return _method(methods, request)

    def _of_subresource(self, request: web.Request, target: Target, resource: Resource) -> Handler:
        named = target.subresource
        if named in ("exec", "attach") and resource.kind.plural == "pods":
            raise refusal(501, "NotImplemented", _EXEC.format(named))
        if named not in resource.kind.subresources:
            raise no_such_resource()
        own = self._subresources
        table: dict[str, dict[str, Handler]] = {
            "scale": dict.fromkeys(("GET", "PUT", "PATCH"), own.scale),
            "log": {"GET": own.log},
            "eviction": {"POST": own.evict},
            "token": {"POST": own.token},
            "finalize": {"PUT": own.finalize},
            "proxy": {request.method: self._proxy.forward},
            "portforward": dict.fromkeys(("GET", "POST"), self._portforward.forward),
        }
        return _method(table.get(named, {}), request)

    async def _watch(self, request: web.Request, target: Target, resource: Resource) -> web.StreamResponse:
        watch = watch_of(request, self._registry.store, target, resource)
        return await stream(request, watch, self._closing)


def _site(
    runner: web.AppRunner, host: str, port: int, claimed: socket.socket | None, tls: SSLContext | None
) -> web.BaseSite:
    if claimed is None:
        return web.TCPSite(runner, host, port, ssl_context=tls)
    return web.SockSite(runner, claimed, ssl_context=tls)


def _method(methods: dict[str, Handler], request: web.Request) -> Handler:
    handler = methods.get("GET" if request.method == "HEAD" else request.method)
    if handler is None:
        message = "the server does not allow this method on the requested resource"
        raise refusal(405, "MethodNotAllowed", message)
    return handler


def _version() -> dict[str, str]:
    major, minor, _ = VERSION.removeprefix("v").split(".")
    return {
        "major": major,
        "minor": minor,
        "gitVersion": f"{VERSION}+meshtutor",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(0)),
        "goVersion": "",
        "compiler": "",
        "platform": "",
    }
