"""The ports of the trace store, opened and closed together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from meshtutor.embedded.addons.jaeger.otlp_grpc import OtlpGrpc
from meshtutor.embedded.addons.jaeger.query import query_app
from meshtutor.embedded.addons.jaeger.receivers import otlp_app, zipkin_app
from meshtutor.embedded.addons.jaeger.store import Store

_GRACE: Final = 1.0


@dataclass(frozen=True)
class Ports:
    """Jaeger's own; 0 lets the kernel choose."""

    query: int = 16686
    otlp_grpc: int = 4317
    otlp_http: int = 4318
    zipkin: int = 9411


class Server:
    """A store and its ports on one address."""

    def __init__(self, store: Store, host: str, ports: Ports | None = None) -> None:
        self.store = store
        self._host = host
        self._wanted = ports or Ports()
        self._grpc = OtlpGrpc(store)
        self._runners: list[web.AppRunner] = []

    async def start(self) -> Ports:
        """Open every port; the numbers that they have."""
        query = await self._listen(query_app(self.store), self._wanted.query)
        http = await self._listen(otlp_app(self.store), self._wanted.otlp_http)
        zipkin = await self._listen(zipkin_app(self.store), self._wanted.zipkin)
        return Ports(query, await self._grpc.start(self._host, self._wanted.otlp_grpc), http, zipkin)

    async def stop(self) -> None:
        """Close every port."""
        await self._grpc.stop()
        for runner in self._runners:
            await runner.cleanup()

    async def _listen(self, app: web.Application, port: int) -> int:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GRACE)
        self._runners.append(runner)
        await runner.setup()
        await web.TCPSite(runner, self._host, port).start()
        return int(runner.addresses[0][1])
