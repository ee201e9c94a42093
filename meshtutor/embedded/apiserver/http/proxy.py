"""`pods/NAME:PORT/proxy/...` and `services/NAME:PORT/proxy/...`: a streaming reverse proxy into the lab.

NAME may be `NAME`, `NAME:PORT`, `SCHEME:NAME:PORT`; PORT a number or a port's name. As kube-apiserver, a service's
proxy goes to one of its ready endpoints directly, so Istio's outbound rules do not apply, and the caller's credentials
stay here. WebSockets pass. `Location` headers are rewritten to stay inside the proxy.

Left out: rewriting of links in HTML (kube-apiserver's proxy/transport.go does it for absolute paths).
"""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from meshtutor.embedded.apiserver.http.backends import Backend, backend_of
from meshtutor.embedded.apiserver.http.paths import Target
from meshtutor.embedded.apiserver.resources import Resource
from meshtutor.embedded.apiserver.statuses import refusal
from meshtutor.embedded.apiserver.store import Store

_HOP_BY_HOP: Final = frozenset({
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "trailers",
    "transfer-encoding", "upgrade", "proxy-connection",
})  # fmt: skip
_OURS: Final = _HOP_BY_HOP | {"authorization", "host", "content-length"}
_WEBSOCKET: Final = (
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-extensions",
    "sec-websocket-protocol",
)
_CONNECT_SECONDS: Final = 5.0
_CHUNK: Final = 1 << 16


class Proxy:
    """Holds the one client session; made and closed by the server."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Open the session: no redirects followed, no cookies kept, nothing decompressed, no proxies of ours."""
        self._session = aiohttp.ClientSession(
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            connector=aiohttp.TCPConnector(limit=0, ssl=False),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
            skip_auto_headers=("User-Agent", "Content-Type", "Accept", "Accept-Encoding"),
            trust_env=False,
        )

    async def stop(self) -> None:
        """Close all connections."""
        if self._session:
            await self._session.close()

    # ANY /api/v1/namespaces/NAMESPACE/{pods,services}/[SCHEME:]NAME[:PORT]/proxy[/PATH]
    async def forward(self, request: web.Request, target: Target, resource: Resource) -> web.StreamResponse:
        """Send the request on, and the answer back, piece by piece."""
        backend = backend_of(self._store, resource, target.namespace, target.name)
        query = request.rel_url.raw_query_string
        path = f"/{target.tail}" + (f"?{query}" if query else "")
        url = URL(f"{backend.url}{path}", encoded=True)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._websocket(request, url)
        return await self._http(request, url, backend)

    async def _http(self, request: web.Request, url: URL, backend: Backend) -> web.StreamResponse:
        assert self._session is not None, "the proxy has not been started"
        try:
            answer = await self._session.request(
                request.method,
                url,
                headers=_headers(request),
                data=request.content if request.body_exists else None,
                allow_redirects=False,
            )
        except (aiohttp.ClientError, TimeoutError) as error:
            message = f"error trying to reach service: {error or type(error).__name__}"
            raise refusal(503, "ServiceUnavailable", message) from error
        async with answer:
            response = web.StreamResponse(status=answer.status, reason=answer.reason)
            _copy_headers(response, answer, request, backend)
            await response.prepare(request)
            async for piece in answer.content.iter_any():
                await response.write(piece)
            await response.write_eof()
        return response

    async def _websocket(self, request: web.Request, url: URL) -> web.StreamResponse:
        assert self._session is not None, "the proxy has not been started"
        asked = request.headers.get("Sec-WebSocket-Protocol", "")
        protocols = [p.strip() for p in asked.split(",") if p.strip()]
        headers = CIMultiDict((k, v) for k, v in _headers(request).items() if k.lower() not in _WEBSOCKET)
        try:
            behind = await self._session.ws_connect(url, headers=headers, protocols=protocols, max_msg_size=0)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise refusal(503, "ServiceUnavailable", f"error trying to reach service: {error}") from error
        async with behind:
            front = web.WebSocketResponse(
                protocols=[behind.protocol] if behind.protocol else (), max_msg_size=0
            )
            await front.prepare(request)
            pumps = {asyncio.ensure_future(_pump(front, behind)), asyncio.ensure_future(_pump(behind, front))}
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
            await front.close(code=behind.close_code or aiohttp.WSCloseCode.OK)
        return front


_Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse


async def _pump(source: _Socket, sink: _Socket) -> None:
    async for message in source:
        if message.type is aiohttp.WSMsgType.TEXT:
            await sink.send_str(message.data)
        elif message.type is aiohttp.WSMsgType.BINARY:
            await sink.send_bytes(message.data)


def _headers(request: web.Request) -> CIMultiDict[str]:
    """The request's headers without our credentials and hop-by-hop ones, with where it came from."""
    named = {name.strip().lower() for name in request.headers.get("Connection", "").split(",")}
    headers = CIMultiDict(
        (k, v) for k, v in request.headers.items() if k.lower() not in _OURS and k.lower() not in named
    )
    if length := request.headers.get("Content-Length"):
        headers["Content-Length"] = length
    headers.setdefault("X-Forwarded-Host", request.host)
    headers.setdefault("X-Forwarded-Proto", request.scheme)
    headers["X-Forwarded-Uri"] = request.rel_url.raw_path
    return headers


def _copy_headers(
    response: web.StreamResponse, answer: aiohttp.ClientResponse, request: web.Request, backend: Backend
) -> None:
    for key, value in answer.headers.items():
        if key.lower() not in _HOP_BY_HOP:
            response.headers.add(key, value)
    if "Content-Length" not in answer.headers and request.method != "HEAD":
        response.enable_chunked_encoding()
    if location := answer.headers.get("Location"):
        response.headers["Location"] = _inside(location, request, backend)


def _inside(location: str, request: web.Request, backend: Backend) -> str:
    """A redirect within the backend stays within the proxy."""
    parts = urlsplit(location)
    if parts.netloc and parts.netloc != backend.authority:
        return location
    if not parts.path.startswith("/"):
        return location
    root = request.rel_url.raw_path.split("/proxy", 1)[0] + "/proxy"
    return f"{root}{parts.path}" + (f"?{parts.query}" if parts.query else "")
