"""Processes of pods, started through the spawner; the only place in the lab that starts any."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from meshtutor.errors import LabError

log = logging.getLogger(__name__)
_SCRIPT: Final = Path(__file__).with_name("spawner.py")
_LINE_LIMIT: Final = 1 << 20
_ATTEMPTS: Final = 3


@dataclass(frozen=True)
class Order:
    """A process to start. `log` gets its output, appended; `limits` are RLIMITs by lower-case name."""

    argv: list[str]
    env: Mapping[str, str]
    cwd: Path
    log: Path
    limits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Exit:
    """How a process ended: its code, or the signal that killed it."""

    code: int
    signal: int = 0

    @property
    def exit_code(self) -> int:
        """The code as container runtimes tell it: 128 + signal for a killed process."""
        return 128 + self.signal if self.signal else self.code


class Process(Protocol):
    """A running process."""

    @property
    def pid(self) -> int:
        """Its process id."""
        ...

    async def wait(self) -> Exit:
        """Its end."""
        ...

    def signal(self, number: int, *, group: bool = False) -> None:
        """Send a signal to it, or to all of its group."""
        ...


class Spawn(Protocol):
    """Starts a process, or raises LabError with the reason; the seam that tests use."""

    async def __call__(self, order: Order) -> Process:
        """Start it."""
        ...


class _Child:
    """A process that the spawner started for us."""

    def __init__(self, spawner: Spawner, number: int) -> None:
        loop = asyncio.get_running_loop()
        self._spawner = spawner
        self._number = number
        self.pid = 0
        self.started: asyncio.Future[bool] = loop.create_future()
        self.ended: asyncio.Future[Exit] = loop.create_future()

    async def wait(self) -> Exit:
        return await asyncio.shield(self.ended)

    def signal(self, number: int, *, group: bool = False) -> None:
        if not self.ended.done():
            self._spawner.send({"do": "signal", "id": self._number, "signal": int(number), "group": group})

    def hear(self, news: dict[str, Any]) -> bool:
        """Take what the spawner tells; True once this child has ended."""
        if "pid" in news:
            self.pid = news["pid"]
            self.started.set_result(True)
            return False
        if "error" in news:
            self.started.set_exception(LabError(news["error"]))
        elif not self.ended.done():
            self.ended.set_result(Exit(news["code"], news["signal"]))
        return True

    def lost(self) -> None:
        """The spawner died, and so has this child; see to it where the kernel does not."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        if not self.started.done():
            self.started.set_result(False)
        if not self.ended.done():
            self.ended.set_result(Exit(0, int(signal.SIGKILL)))


class Spawner:
    """The lab's side of the spawner. If that dies, its processes end and the next order starts another."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._listener: asyncio.Task[None] | None = None
        self._alive = False
        self._children: dict[int, _Child] = {}
        self._orders = 0
        self._lock = asyncio.Lock()

    @property
    def pid(self) -> int:
        """The spawner's own pid, 0 when it does not run."""
        return self._process.pid if self._process is not None else 0

    async def start(self) -> None:
        """Start the spawner process, unless it runs."""
        async with self._lock:
            if not self._alive:
                await self._launch()

    async def __call__(self, order: Order) -> Process:
        """Start a process, or raise LabError with the reason why it cannot be executed."""
        for _ in range(_ATTEMPTS):
            await self.start()
            self._orders += 1
            child = self._children[self._orders] = _Child(self, self._orders)
            self.send(_message(self._orders, order))
            if await child.started:
                return child
            log.warning("the process that starts pods has died; starting another")
        raise LabError(
            "the process that starts pods cannot be kept running", f"Try: {_interpreter()} -I -S {_SCRIPT}"
        )

    def send(self, order: dict[str, Any]) -> None:
        """Tell the spawner."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(json.dumps(order).encode() + b"\n")

    async def stop(self) -> None:
        """End every process and the spawner; returns when all are gone."""
        if self._writer is not None:
            self._writer.close()
        if self._listener is not None:
            await asyncio.wait([self._listener], timeout=1.0)
        if self._process is not None:
            try:
                await asyncio.to_thread(self._process.wait, 5.0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                await asyncio.to_thread(self._process.wait)

    async def _launch(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        ours, theirs = socket.socketpair()
        command = [_interpreter(), "-I", "-S", str(_SCRIPT)]
        self._process = subprocess.Popen(command, stdin=theirs.fileno(), start_new_session=True)
        theirs.close()
        reader, self._writer = await asyncio.open_connection(sock=ours, limit=_LINE_LIMIT)
        self._listener = asyncio.create_task(self._listen(reader), name="spawner")
        self._alive = True

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                news = json.loads(line)
                if self._children[news["id"]].hear(news):
                    del self._children[news["id"]]
        except ConnectionError:
            log.debug("the spawner's socket broke")
        finally:
            self._alive = False
            lost, self._children = self._children, {}
            for child in lost.values():
                child.lost()


def _message(number: int, order: Order) -> dict[str, Any]:
    return {
        "do": "spawn",
        "id": number,
        "argv": order.argv,
        "env": dict(order.env),
        "cwd": str(order.cwd),
        "log": str(order.log),
        "limits": dict(order.limits),
    }


def _interpreter() -> str:
    """The interpreter without a virtual environment: it starts faster, and nothing of it is needed."""
    return getattr(sys, "_base_executable", None) or sys.executable
