"""OTLP over gRPC (port 4317), which costs nothing before somebody uses it.

gRPC takes a quarter of this process's memory, and in the lab the proxies report over HTTP. So asyncio opens the port,
and the gRPC server is started for the first connection, behind it on a port of the kernel's choosing; bytes are handed
to and fro. No report is lost by that: the first client only waits a little longer.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final

from meshtutor.embedded.addons.jaeger.store import Store

SERVICE: Final = "opentelemetry.proto.collector.trace.v1.TraceService"
_CHUNK: Final = 2**16


class OtlpGrpc:
    """The receiver; `start` opens the port, `stop` closes everything."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._door: asyncio.Server | None = None
        self._starting: asyncio.Task[int] | None = None
        self._grpc: Any = None
        self._host = ""

    async def start(self, host: str, port: int) -> int:
        """Listen; the port, which the kernel chose if `port` is 0."""
        self._host = host
        self._door = await asyncio.start_server(self._connected, host, port)
        return int(self._door.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """End the gRPC server first, which ends its connections."""
        if self._door is not None:
            self._door.close()
        if self._grpc is not None:
            await self._grpc.stop(None)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._starting is None:
                self._starting = asyncio.create_task(self._start_grpc())
            inner_reader, inner_writer = await asyncio.open_connection(self._host, await self._starting)
            await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))
        except OSError:
            writer.close()

    async def _start_grpc(self) -> int:
        """The port of the server behind the door."""
        import grpc

        from meshtutor.embedded.addons.jaeger.otlp_messages import ExportTraceServiceRequest
        from meshtutor.embedded.addons.jaeger.receivers import take

        async def export(request: Any, context: Any) -> bytes:
            try:
                return bytes(take(self._store, request).SerializeToString())
            except ValueError as error:
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
                raise

        handler = grpc.unary_unary_rpc_method_handler(
            export, request_deserializer=ExportTraceServiceRequest.FromString
        )
        self._grpc = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        self._grpc.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(SERVICE, {"Export": handler}),)
        )
        port = self._grpc.add_insecure_port(f"{self._host}:0")
        await self._grpc.start()
        return int(port)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Hand bytes on until one side hangs up, then hang up on the other."""
    with suppress(ConnectionError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    writer.close()
