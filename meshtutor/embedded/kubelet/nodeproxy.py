"""The node's HTTP proxy: how pods without a sidecar reach Services, in place of cluster DNS and kube-proxy.

Plain load balancing over ready endpoints: no Istio rule, no mTLS, no metric; the difference to a sidecar is
the lesson. A request in absolute form (`GET http://reviews:9080/ HTTP/1.1`) goes to a random endpoint, one
connection each; CONNECT opens a tunnel. The caller's namespace, in which short names are looked up, is the
user name of Proxy-Authorization (`http_proxy=http://NAMESPACE:namespace@ADDRESS`), `default` without one: all
processes send from 127.0.0.1, so their address would not tell.

What a pod on a real cluster would meet as a failed name lookup is 502 here, a refused connection 503, both in
words.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from meshtutor.embedded.kubelet.services import NoEndpointError, Services
from meshtutor.embedded.kubelet.splice import abort, connect, splice
from meshtutor.errors import MeshtutorError

_PHRASES: Final = {
    400: "Bad Request", 431: "Request Header Fields Too Large", 502: "Bad Gateway", 503: "Service Unavailable",
}  # fmt: skip
_DROPPED: Final = ("proxy-connection", "proxy-authorization", "connection", "keep-alive")


@dataclass(frozen=True)
class Head:
    """A request's head: `host` and `port` to which it goes, `lines` as they go on (none for CONNECT)."""

    host: str
    port: int
    namespace: str
    lines: tuple[str, ...] = ()


class NodeProxy:
    """Serves connections to the proxy; `services` says where a name leads."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: one request, or one tunnel."""
        try:
            text = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            abort(writer)
            return
        except asyncio.LimitOverrunError:
            await _refuse(writer, 431, "the request's head is larger than 64 KiB")
            return
        try:
            head = read_head(text.decode("latin-1"))
            upstream = await connect(*self._services.resolve(head.host, head.port, head.namespace))
        except ValueError as error:
            await _refuse(writer, 400, str(error))
        except NoEndpointError as error:
            await _refuse(writer, 503, str(error))
        except MeshtutorError as error:
            await _refuse(writer, 502, str(error))
        except (OSError, TimeoutError) as error:
            await _refuse(writer, 502, f"cannot connect to {head.host}:{head.port}: {error}")
        else:
            if head.lines:
                upstream[1].write("\r\n".join((*head.lines, "", "")).encode("latin-1"))
            else:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await splice(reader, writer, *upstream)


def read_head(text: str) -> Head:
    """What a proxy needs of a request's head; ValueError if it is not a request to a proxy."""
    request, *headers = text.removesuffix("\r\n\r\n").split("\r\n")
    method, target, version = _words(request)
    namespace = _namespace(headers)
    if method == "CONNECT":
        host, _, port = target.rpartition(":")
        return Head(host.strip("[]"), int(port or 443), namespace)
    url = urlsplit(target)
    if url.scheme != "http" or not url.hostname:
        raise ValueError(
            f"this is a proxy: expected a request like GET http://reviews:9080/ HTTP/1.1, not {request!r}"
        )
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    kept = [line for line in headers if line.partition(":")[0].strip().lower() not in _DROPPED]
    upgrade = any(line.lower().startswith("upgrade:") for line in headers)
    kept.append("Connection: Upgrade" if upgrade else "Connection: close")
    return Head(url.hostname, url.port or 80, namespace, (f"{method} {path} {version}", *kept))


def _words(request: str) -> tuple[str, str, str]:
    words = request.split(" ")
    if len(words) != 3:
        raise ValueError(f"not an HTTP request: {request!r}")
    return words[0], words[1], words[2]


def _namespace(headers: list[str]) -> str:
    for line in headers:
        name, _, value = line.partition(":")
        scheme, _, credentials = value.strip().partition(" ")
        if name.strip().lower() == "proxy-authorization" and scheme.lower() == "basic":
            try:
                user = base64.b64decode(credentials, validate=True).decode().partition(":")[0]
            except (binascii.Error, UnicodeDecodeError):
                break
            return user or "default"
    return "default"


async def _refuse(writer: asyncio.StreamWriter, code: int, message: str) -> None:
    body = f"{message}\n".encode()
    lines = (
        f"HTTP/1.1 {code} {_PHRASES[code]}",
        "Content-Type: text/plain; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Server: meshtutor-node",
        "Connection: close",
    )
    writer.write("\r\n".join((*lines, "", "")).encode() + body)
    writer.close()
