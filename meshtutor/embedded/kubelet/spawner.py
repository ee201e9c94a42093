"""The lab's small child that starts, watches and ends all processes of pods. Standard library, one thread.

Why it exists: the lab has threads (gRPC) and much memory, so it must not fork; and Linux can end a process
with its parent (PR_SET_PDEATHSIG), but only with the thread that forked it. This process has one thread and
forks in a millisecond. Hence:
- the lab dies, even by kill -9: this process reads EOF, kills every process group and leaves;
- this process dies, even by kill -9: the kernel kills the processes it started (Linux), and the lab starts another;
- a container's main process ends: the rest of its process group is killed, as a container ends with its PID 1, and
  the end is told when the last of them is gone.
Processes that leave their group are adopted here (PR_SET_CHILD_SUBREAPER) and killed at the end.

Run as `python -I -S spawner.py` with a stream socket as standard input. Both sides send JSON lines. To it:
{"do": "spawn", "id": 7, "argv": [...], "env": {...}, "cwd": "...", "log": "...", "limits": {"core": 0}}
         {"do": "signal", "id": 7, "signal": 15, "group": false}
From it: {"id": 7, "pid": 123}, {"id": 7, "error": "..."} and, at its end, {"id": 7, "code": 0, "signal": 0}.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import selectors
import signal
import socket
import sys
from collections.abc import Iterator
from typing import Any

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_CHUNK = 1 << 16
_LINUX = sys.platform == "linux"
_prctl = ctypes.CDLL(None, use_errno=True).prctl if _LINUX else None


class Spawner:
    """Children by the id that the lab gave them."""

    def __init__(self, lab: socket.socket) -> None:
        self._lab = lab
        self._pids: dict[int, int] = {}
        self._ids: dict[int, int] = {}
        self._ending: dict[int, dict[str, int]] = {}
        self._buffer = b""

    def run(self) -> None:
        """Serve until the lab is gone, then leave nothing behind."""
        wake, waker = os.pipe()
        os.set_blocking(waker, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(ignored, signal.SIG_IGN)  # only the lab decides when to go
        ready = selectors.DefaultSelector()
        ready.register(self._lab, selectors.EVENT_READ)
        ready.register(wake, selectors.EVENT_READ)
        try:
            while self._turn(wake, ready.select()):
                pass
        finally:
            self._end()

    def _turn(self, wake: int, events: list[tuple[selectors.SelectorKey, int]]) -> bool:
        """Handle what is ready; False once the lab is gone."""
        for key, _ in events:
            if key.fd == wake:
                os.read(wake, _CHUNK)
                self._reap()
                continue
            data = self._lab.recv(_CHUNK)
            if not data:
                return False
            *lines, self._buffer = (self._buffer + data).split(b"\n")
            for line in lines:
                self._obey(json.loads(line))
        return True

    def _obey(self, order: dict[str, Any]) -> None:
        if order["do"] == "spawn":
            self._spawn(order)
        elif pid := self._pids.get(order["id"]):
            with contextlib.suppress(ProcessLookupError):
                (os.killpg if order["group"] else os.kill)(pid, order["signal"])

    def _spawn(self, order: dict[str, Any]) -> None:
        try:
            pid = start(order)
        except OSError as error:
            self._tell({"id": order["id"], "error": f"{error.strerror}: {order['argv'][0]}"})
            return
        self._pids[order["id"]], self._ids[pid] = pid, order["id"]
        self._tell({"id": order["id"], "pid": pid})

    def _reap(self) -> None:
        for pid, status in _dead():
            if (number := self._ids.pop(pid, None)) is not None:
                del self._pids[number]
                _kill_group(pid)
                code = os.waitstatus_to_exitcode(status)
                self._ending[pid] = {"id": number, "code": max(0, code), "signal": max(0, -code)}
        for pid in [pid for pid in self._ending if not _group_lives(pid)]:
            self._tell(self._ending.pop(pid))

    def _tell(self, news: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._lab.sendall(json.dumps(news).encode() + b"\n")

    def _end(self) -> None:
        for pid in self._ids:
            _kill_group(pid)
        while True:
            for pid in _children():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                return


def start(order: dict[str, Any]) -> int:
    """Fork and execute; the pid, or OSError with the reason why the program could not be executed."""
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    reader, writer = os.pipe()  # closed by a successful exec, else it carries errno
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become(order, log, writer, parent)
    os.close(log)
    os.close(writer)
    with open(reader, "rb") as pipe:  # noqa: PTH123 - a file descriptor
        failure = pipe.read()
    if failure:
        os.waitpid(pid, 0)
        raise OSError(int(failure), os.strerror(int(failure)))
    return pid


def _become(order: dict[str, Any], log: int, writer: int, parent: int) -> None:
    """In the child: turn into the program. Never returns."""
    try:
        os.setsid()
        if _prctl is not None:
            _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(127)  # the parent died before it could take us along
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.chdir(order["cwd"])
        for name, value in order.get("limits", {}).items():
            _limit(name, value)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        os.execvpe(order["argv"][0], order["argv"], order["env"])  # noqa: S606 - no shell is wanted
    except OSError as error:
        os.write(writer, str(error.errno).encode())
    finally:
        os._exit(127)


def _limit(name: str, value: int) -> None:
    """Set RLIMIT_NAME, as far as the hard limit and the system let."""
    kind = getattr(resource, f"RLIMIT_{name.upper()}", None)
    if kind is None:
        return
    _, hard = resource.getrlimit(kind)
    soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, (soft, hard))


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _dead() -> Iterator[tuple[int, int]]:
    """Pid and status of each child that has ended, adopted ones included."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            yield ended


def _group_lives(pid: int) -> bool:
    """Whether a killed group still has a process: SIGKILL takes its time. Only Linux lets us see their end."""
    if not _LINUX:
        return False
    try:
        os.killpg(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _children() -> list[int]:
    """Processes whose parent this is, adopted ones included (Linux)."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:  # noqa: PTH123 - no pathlib: it must start fast
            return [int(pid) for pid in file.read().split()]
    except OSError:
        return []


def main() -> None:
    """Serve the lab at the other end of standard input."""
    if _prctl is not None:
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    lab = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    Spawner(lab).run()


if __name__ == "__main__":
    main()
