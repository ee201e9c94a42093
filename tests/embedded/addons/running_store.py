"""A trace store on ports of the kernel's choosing, in a thread, and a client of its query API."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from meshtutor.embedded.addons.jaeger.server import Ports, Server
from meshtutor.embedded.addons.jaeger.store import Store
from tests.embedded.addons.traced_mesh import get

HOST = "127.0.0.1"


class Running:
    def __init__(self, server: Server, ports: Ports) -> None:
        self.store = server.store
        self.ports = ports
        self.url = f"http://{HOST}:{ports.query}"

    def ask(self, path: str, **parameters: Any) -> Any:
        """The `data` of an answer."""
        status, body = get(f"{self.url}/jaeger/api/{path}?{urlencode(parameters)}")
        assert status == 200, body
        return json.loads(body)["data"]

    def refused(self, path: str, **parameters: Any) -> tuple[int, str]:
        """(status, message) of an answer that is an error."""
        status, body = get(f"{self.url}/api/{path}?{urlencode(parameters)}")
        answer = json.loads(body)
        assert answer["data"] is None
        (error,) = answer["errors"]
        assert error["code"] == status
        return status, error["msg"]


@contextmanager
def running_store(store: Store | None = None) -> Iterator[Running]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = Server(store or Store(), HOST, Ports(0, 0, 0, 0))

    def run(coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(20)

    try:
        yield Running(server, run(server.start()))
    finally:
        run(server.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
