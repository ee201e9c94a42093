"""The pod's side of a forwarded port.

On a real cluster a forwarded port enters the pod's own network, where the application answers without its sidecar.
Here an injected pod's application has a private address, which is tried first for that reason; everything else (the
sidecar's admin port, pods without a sidecar) listens on the pod's own address.
"""

from __future__ import annotations

import asyncio

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.statuses import bad_request
from meshtutor.embedded.network import app_address
from meshtutor.embedded.objects import annotations_of

_INJECTED = "sidecar.istio.io/status"
_SECONDS = 5.0
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def addresses_of(pod: Object) -> list[str]:
    """Where a port of a running pod may be, the likeliest first; 400 if the pod does not run."""
    status = pod.get("status") or {}
    if status.get("phase") != "Running" or not status.get("podIP"):
        name, phase = pod["metadata"]["name"], status.get("phase", "unknown")
        raise bad_request(f"unable to forward port because pod {name} is not running. Current status={phase}")
    own = str(status["podIP"])
    return [app_address(own), own] if _INJECTED in annotations_of(pod) else [own]


async def connect(addresses: list[str], port: int) -> Connection:
    """A connection to the first address that accepts one; OSError of the last that does not."""
    for address in addresses[:-1]:
        try:
            return await _open(address, port)
        except OSError:
            continue
    return await _open(addresses[-1], port)


async def _open(address: str, port: int) -> Connection:
    async with asyncio.timeout(_SECONDS):
        return await asyncio.open_connection(address, port)
