"""The gRPC server: ADS and SDS on one plaintext HTTP/2 port of the loopback interface."""

from __future__ import annotations

from typing import Any

import grpc
import grpc.aio

from meshtutor.embedded.xds import ads, sds
from meshtutor.errors import LabError

_OPTIONS = (
    ("grpc.so_reuseport", 0),  # a second lab on this address must fail, not share the connections
    ("grpc.max_receive_message_length", 16 * 2**20),
    # Proxies ping every 30 s (kubelet/bootstrap.py). By its own rule gRPC would take that for an attack after three
    # pings without data, and break all streams of a mesh that is at rest.
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.http2.max_ping_strikes", 0),
)


class Server:
    """Serves until `stop()`. Raises LabError when the address is taken."""

    def __init__(
        self, address: str, discovery: ads.AggregatedDiscovery, secrets: sds.SecretDiscovery
    ) -> None:
        self._address = address
        self._methods = {ads.METHOD: ads.handler(discovery), sds.METHOD: sds.handler(secrets)}
        self._server: Any = None

    async def start(self) -> None:
        """Open the port."""
        self._server = grpc.aio.server(options=_OPTIONS)
        self._server.add_generic_rpc_handlers((_Handlers(self._methods),))
        try:
            self._server.add_insecure_port(self._address)
        except RuntimeError as error:
            raise LabError(
                f"The control plane cannot listen on {self._address}.",
                "Is another lab running? `meshtutor status`",
            ) from error
        await self._server.start()

    async def stop(self) -> None:
        """End every stream at once."""
        if self._server is not None:
            await self._server.stop(grace=None)


class _Handlers(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Methods by their full name: without generated service stubs, which would import all of Envoy's API."""

    def __init__(self, methods: dict[str, Any]) -> None:
        self._methods = methods

    def service(self, handler_call_details: Any) -> Any:
        return self._methods.get(handler_call_details.method)
