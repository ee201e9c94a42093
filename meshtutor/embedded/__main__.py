"""The process of one lab.

`python -m meshtutor.embedded --name N --directory DIR --progress-fd FD MANIFESTS...`, started by
`providers.daemon`. It holds the lab's lock for as long as it lives, says over the pipe what has become ready
(a JSON object a line), and ends on SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import gc
import json
import logging
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from meshtutor.errors import LabError, MeshtutorError
from meshtutor.files import write_private

log = logging.getLogger("meshtutor.lab")


class Voice:
    """What the daemon says to whoever started it; a listener that has gone away is no reason to stop."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since the process began to work."""
        return time.monotonic() - self._began

    def say(self, **said: Any) -> None:
        """One line of JSON."""
        with suppress(OSError):
            os.write(self._descriptor, json.dumps(said).encode() + b"\n")

    def part(self, name: str) -> None:
        """One part of the lab is ready."""
        log.info("ready after %.2f s: %s", self.seconds, name)
        self.say(part=name, seconds=round(self.seconds, 3))

    def close(self) -> None:
        """Nothing more will be said."""
        with suppress(OSError):
            os.close(self._descriptor)


def lock(directory: Path) -> int:
    """Hold the lab's lock, with this pid in it for `meshtutor down`; it is let go when the process ends."""
    descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise LabError("Another process of this lab runs already.", "meshtutor status") from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


async def run(args: argparse.Namespace, voice: Voice) -> None:
    """Start the box, say so, and wait for the signal that ends it."""
    from meshtutor.embedded.box import Box

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    box = Box(args.name, args.directory, args.gateway_port, args.manifests)
    starting = asyncio.create_task(box.start(voice.part))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            facts = {**starting.result(), "seconds": round(voice.seconds, 3), "pid": os.getpid()}
            _publish(args.directory, facts)
            voice.say(ready=True, **facts)
            voice.close()
            gc.collect()
            gc.freeze()  # what lives since the start is not looked at again by the collector
            await box.until(stop)
    finally:
        starting.cancel()
        await box.stop()
        (args.directory / "lab.json").unlink(missing_ok=True)


def _publish(directory: Path, facts: dict[str, Any]) -> None:
    """lab.json appears whole or not at all, readable by its owner only."""
    write_private(directory / "lab.json", json.dumps(facts, indent=1))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m meshtutor.embedded")
    parser.add_argument("--name", required=True)
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--progress-fd", type=int, required=True)
    parser.add_argument("--gateway-port", type=int)
    parser.add_argument("manifests", type=Path, nargs="*")
    return parser.parse_args()


def main() -> int:
    """Exit status 1 after saying over the pipe what went wrong."""
    args = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    os.set_inheritable(args.progress_fd, False)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    voice = Voice(args.progress_fd)
    try:
        held = lock(args.directory)
        asyncio.run(run(args, voice))
        os.close(held)
    except MeshtutorError as error:
        log.error("%s", error)  # noqa: TRY400 - a refusal needs no traceback
        voice.say(error=error.message, hint=error.hint)
        return 1
    except Exception as error:
        log.exception("the lab has failed")
        said = f"The lab has failed: {type(error).__name__}: {error}"
        voice.say(error=said, hint=f"See {args.directory / 'lab.log'}.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
