"""`python -m meshtutor.embedded.addons.jaeger`: the trace store as a process, until SIGTERM or SIGINT.

Listens on BIND_ADDRESS (default 127.0.0.1). Flags of Jaeger's own are accepted and ignored, so that its manifests work.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal

from meshtutor.embedded.addons.jaeger.server import Server
from meshtutor.embedded.addons.jaeger.store import Store

log = logging.getLogger("jaeger")


async def main() -> None:
    """Serve until told to stop."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    host = os.environ.get("BIND_ADDRESS", "127.0.0.1")
    server = Server(Store(), host)
    try:
        log.info("listening on %s: %s", host, await server.start())
        gc.collect()
        gc.freeze()  # what is loaded by now stays
        await ended.wait()
    finally:
        await server.stop()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    asyncio.run(main())
