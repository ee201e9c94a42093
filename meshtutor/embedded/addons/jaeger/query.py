"""Jaeger's query API over HTTP (port 16686), as jaeger-ui, Kiali and Grafana use it.

API: jaegertracing.io, "APIs", HTTP JSON (internal); handlers: Jaeger's jaegerquery/internal/http_handler.go. Istio's
add-on serves it below `/jaeger`; here it is found with and without that.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from meshtutor.embedded.addons.jaeger import answers, page, parameters, rendering
from meshtutor.embedded.addons.jaeger.dependencies import dependencies
from meshtutor.embedded.addons.jaeger.search import search
from meshtutor.embedded.addons.jaeger.store import Store

BASE_PATH: Final = "/jaeger"
_NOT_FOUND: Final = "trace not found"
_NO_METRICS: Final = "metrics querying is currently disabled"
_MICROSECONDS: Final = 10**6
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def query_app(store: Store, clock: Callable[[], float] = time.time) -> web.Application:
    """The application of port 16686; `clock` in seconds since the epoch."""
    api = QueryApi(store, clock)
    app = web.Application(middlewares=[_refuse])
    for base in ("", BASE_PATH):
        app.router.add_get(f"{base}/api/services", api.services)
        app.router.add_get(f"{base}/api/services/{{service}}/operations", api.operation_names)
        app.router.add_get(f"{base}/api/operations", api.operations)
        app.router.add_get(f"{base}/api/traces", api.traces)
        app.router.add_get(f"{base}/api/traces/{{trace_id}}", api.trace)
        app.router.add_get(f"{base}/api/dependencies", api.dependencies)
        app.router.add_get(f"{base}/api/metrics/{{metric}}", api.metrics)
        app.router.add_get(f"{base}/", api.page)
    app.router.add_get(BASE_PATH, api.page)
    return app


class QueryApi:
    """One method for each path."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock

    def _now(self) -> int:
        return int(self._clock() * _MICROSECONDS)

    async def services(self, request: web.Request) -> web.StreamResponse:
        """GET /api/services."""
        found = self._store.services()
        return answers.data(request, found, len(found))

    async def operation_names(self, request: web.Request) -> web.StreamResponse:
        """GET /api/services/{service}/operations: names alone, of every kind."""
        found = sorted({name for name, _ in self._store.operations(request.match_info["service"])})
        return answers.data(request, found, len(found))

    async def operations(self, request: web.Request) -> web.StreamResponse:
        """GET /api/operations?service=&spanKind=."""
        service = request.query.get("service", "")
        if not service:
            raise parameters.ParameterError("parameter 'service' is required")
        found = self._store.operations(service, request.query.get("spanKind", ""))
        return answers.data(request, [{"name": name, "spanKind": kind} for name, kind in found], len(found))

    async def traces(self, request: web.Request) -> web.StreamResponse:
        """GET /api/traces?traceID=... or a search."""
        if "traceID" in request.query:
            ids = [parameters.trace_id(text) for text in request.query.getall("traceID")]
            missing = [number for number in ids if number not in self._store.traces]
            errors = [{"msg": _NOT_FOUND, "traceID": rendering.trace_id(number)} for number in missing]
            return await answers.traces(request, self._store, ids, errors)
        found = search(self._store, parameters.search_query(request.query, self._now()))
        return await answers.traces(request, self._store, found)

    async def trace(self, request: web.Request) -> web.StreamResponse:
        """GET /api/traces/{id}."""
        spans = self._store.spans(parameters.trace_id(request.match_info["trace_id"]))
        if not spans:
            return answers.error(404, _NOT_FOUND)
        return answers.data(request, [rendering.trace(spans)])

    async def dependencies(self, request: web.Request) -> web.StreamResponse:
        """GET /api/dependencies?endTs=&lookback=&service=."""
        links = dependencies(self._store, *parameters.dependency_window(request.query, self._now()))
        service = request.query.get("service", "")
        chosen = [
            {"parent": parent, "child": child, "callCount": count}
            for (parent, child), count in sorted(links.items())
            if service in ("", parent, child)
        ]
        return answers.data(request, chosen)

    async def metrics(self, _: web.Request) -> web.StreamResponse:
        """GET /api/metrics/...: what Jaeger says without a metrics store."""
        return answers.error(501, _NO_METRICS)

    async def page(self, _: web.Request) -> web.StreamResponse:
        """GET /."""
        return web.Response(text=page.html(self._store), content_type="text/html")


@web.middleware
async def _refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Parameters that cannot be read are the client's fault."""
    try:
        return await handler(request)
    except parameters.ParameterError as error:
        return answers.error(400, str(error))
