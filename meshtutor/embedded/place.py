"""Where a lab settles: a block of loopback addresses and a port on localhost that nobody else holds.

The bound sockets themselves are the claim: they are handed to the servers that listen on them, so that two labs which
start at the same moment cannot both believe that an address is free.
"""

from __future__ import annotations

import errno
import hashlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from meshtutor.embedded.network import API_PORT, Block
from meshtutor.errors import LabError

_FIRST, _LAST = 20, 250
_API_PORTS: Final = (API_PORT, 16443, 26443)  # k3s and kind often hold 6443 on every address
_GATEWAY_PORT: Final = 8000
GATEWAY_TLS_PORT: Final = 8443
_TRIED: Final = 100


@dataclass(frozen=True)
class Claim:
    """A lab's block, and the socket that holds it: where the API server will listen."""

    block: Block
    socket: socket.socket
    api_port: int

    @property
    def api(self) -> str:
        """The URL of the API server."""
        return f"https://{self.block.host}:{self.api_port}"


def claim_block(name: str) -> Claim:
    """A free block, begun to look for at a place that the lab's name decides; LabError if none is free."""
    last: OSError | None = None
    for port in _API_PORTS:
        for number in _numbers(name):
            block = Block(number)
            try:
                return Claim(block, _bound(block.host, port), port)
            except OSError as error:
                last = error
                if error.errno != errno.EADDRINUSE:  # e.g. macOS, which knows only 127.0.0.1 unless told
                    break
    raise LabError(
        f"No loopback address is free for the Kubernetes API on ports {', '.join(map(str, _API_PORTS))} ({last}).",
        "meshtutor doctor   # names the program that holds them",
    )


def claim_gateway_port(wanted: int | None, first: int = _GATEWAY_PORT) -> socket.socket:
    """A socket on localhost for the gateway: at the port asked for, or at the first, or at the next that is free."""
    candidates = [wanted] if wanted is not None else range(first, first + _TRIED)
    for port in candidates:
        try:
            return _bound("127.0.0.1", port)
        except OSError:
            continue
    raise LabError(
        f"Port {candidates[0]} on localhost is taken.",
        "meshtutor up   # without --gateway-port takes the next free one",
    )


def _numbers(name: str) -> Iterator[int]:
    span = _LAST - _FIRST + 1
    start = int.from_bytes(hashlib.sha256(name.encode()).digest()[:2], "big") % span
    return (_FIRST + (start + i) % span for i in range(span))


def _bound(address: str, port: int) -> socket.socket:
    """A bound socket. SO_REUSEADDR passes over connections that wait in TIME_WAIT, not over a listener."""
    sock = socket.socket()
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        sock.listen(128)
    except OSError:
        sock.close()
        raise
    return sock
