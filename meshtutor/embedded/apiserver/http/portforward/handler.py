"""The request: a WebSocket in one of the subprotocols, else a sentence that says what is spoken here."""

from __future__ import annotations

from aiohttp import web

from meshtutor.embedded.apiserver.http.paths import Target
from meshtutor.embedded.apiserver.http.portforward import channels
from meshtutor.embedded.apiserver.http.portforward.sockets import addresses_of
from meshtutor.embedded.apiserver.http.portforward.tunnel import PROTOCOL, Tunnel
from meshtutor.embedded.apiserver.registry import Registry
from meshtutor.embedded.apiserver.resources import Resource
from meshtutor.embedded.apiserver.statuses import bad_request

_SPOKEN = (PROTOCOL, *channels.PROTOCOLS)


class PortForward:
    """Answers `pods/NAME/portforward`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    # GET, POST /api/v1/namespaces/NAMESPACE/pods/NAME/portforward
    async def forward(self, request: web.Request, target: Target, resource: Resource) -> web.StreamResponse:
        """Serve the WebSocket until either side closes it."""
        pod = await self._registry.get(resource.kind, target.name, target.namespace)
        asked = [p.strip() for p in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        if request.headers.get("Upgrade", "").lower() != "websocket" or not set(asked) & set(_SPOKEN):
            raise bad_request(
                f"port forwarding needs a WebSocket with one of the subprotocols {', '.join(_SPOKEN)}"
            )
        addresses, ports = addresses_of(pod), _ports(request)
        socket = web.WebSocketResponse(protocols=_SPOKEN, max_msg_size=0)
        await socket.prepare(request)
        if socket.ws_protocol == PROTOCOL:
            await Tunnel(socket, addresses).run()
        else:
            await channels.run(socket, addresses, ports)
        return socket


def _ports(request: web.Request) -> list[int]:
    """`?ports=1,2&ports=3`; the tunnel names them stream by stream instead."""
    texts = [part for text in request.query.getall("ports", []) for part in text.split(",") if part]
    try:
        return [int(text) for text in texts]
    except ValueError:
        raise bad_request(f"ports: expected numbers, not {','.join(texts)!r}") from None
