"""One question to a container: does it answer? httpGet, tcpSocket and exec as kubelet asks them (pkg/probe).

The app of an injected pod is asked at its private address, so that a probe needs no certificate under STRICT
mTLS (Istio rewrites probes to pilot-agent for the same reason). `grpc` is refused by name.
"""

from __future__ import annotations

import asyncio
import signal
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from meshtutor.embedded.kubelet.processes import Order, Spawn
from meshtutor.errors import LabError, MeshtutorError

_AGENT: Final = "kube-probe/1.35"
_HEAD_LIMIT: Final = 1 << 16


@dataclass(frozen=True)
class Probe:
    """A probe with Kubernetes' defaults; times in seconds. `action` is the part that says what to ask."""

    kind: str
    action: Mapping[str, Any]
    initial_delay: float = 0
    period: float = 10
    timeout: float = 1
    successes: int = 1
    failures: int = 3

    @classmethod
    def of(cls, container: Mapping[str, Any], kind: str) -> Probe | None:
        """The `kind` (Startup, Readiness, Liveness) probe of a container, or None."""
        body = container.get(f"{kind.lower()}Probe")
        if not body:
            return None
        return cls(
            kind,
            body,
            float(body.get("initialDelaySeconds") or 0),
            float(body.get("periodSeconds") or 10),
            float(body.get("timeoutSeconds") or 1),
            int(body.get("successThreshold") or 1),
            int(body.get("failureThreshold") or 3),
        )


@dataclass(frozen=True)
class Target:
    """Whom to ask: the container's address and named ports, and how to run a command in its place."""

    address: str
    ports: Mapping[str, int]
    execute: Callable[[list[str]], Order]
    spawn: Spawn


async def ask(probe: Probe, target: Target) -> str:
    """Ask once: "" if it answers well, else what was wrong, in kubelet's words."""
    try:
        async with asyncio.timeout(probe.timeout):
            return await _action(probe)(probe.action, target)
    except TimeoutError:
        return f"timed out after {probe.timeout:g}s"
    except (OSError, asyncio.IncompleteReadError, LabError) as error:
        return str(error)


def _action(probe: Probe) -> Callable[[Mapping[str, Any], Target], Awaitable[str]]:
    for name, action in (("httpGet", _http_get), ("tcpSocket", _tcp_socket), ("exec", _exec)):
        if name in probe.action:
            return action
    raise MeshtutorError(
        f"{probe.kind.lower()}Probe: gRPC probes are not implemented in the embedded cluster",
        "Use httpGet, tcpSocket or exec.",
    )


async def _http_get(action: Mapping[str, Any], target: Target) -> str:
    get = action["httpGet"]
    host, port = get.get("host") or target.address, _port(get["port"], target)
    path = get.get("path") or "/"
    secure = str(get.get("scheme") or "HTTP").upper() == "HTTPS"
    reader, writer = await asyncio.open_connection(
        host, port, ssl=_unverified() if secure else None, limit=_HEAD_LIMIT
    )
    try:
        headers = {"Host": f"{host}:{port}", "User-Agent": _AGENT, "Accept": "*/*", "Connection": "close"}
        headers |= {h["name"]: h["value"] for h in get.get("httpHeaders") or ()}
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        writer.write("\r\n".join(lines).encode())
        line = await reader.readline()
        return _verdict(line, f"{'https' if secure else 'http'}://{host}:{port}{path}")
    finally:
        writer.transport.abort()


def _verdict(status_line: bytes, url: str) -> str:
    words = status_line.split()
    if len(words) < 2 or not words[1].isdigit():
        return f'Get "{url}": the answer is not HTTP'
    code = int(words[1])
    return "" if 200 <= code < 400 else f"HTTP probe failed with statuscode: {code}"


async def _tcp_socket(action: Mapping[str, Any], target: Target) -> str:
    socket = action["tcpSocket"]
    _, writer = await asyncio.open_connection(
        socket.get("host") or target.address, _port(socket["port"], target)
    )
    writer.transport.abort()
    return ""


async def _exec(action: Mapping[str, Any], target: Target) -> str:
    process = await target.spawn(target.execute(list(action["exec"]["command"])))
    try:
        end = await process.wait()
    except asyncio.CancelledError:
        process.signal(signal.SIGKILL, group=True)
        raise
    return "" if end.exit_code == 0 else f"command terminated with exit code {end.exit_code}"


def _port(port: int | str, target: Target) -> int:
    if isinstance(port, int) or port.isdigit():
        return int(port)
    if port not in target.ports:
        raise LabError(f"the container has no port named {port!r}")
    return target.ports[port]


def _unverified() -> ssl.SSLContext:
    """Kubelet does not verify the certificate of a probe either."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
