"""The process of an embedded lab: start it, find it, end it.

A lab is alive exactly as long as its daemon holds an advisory lock on `LAB_DIR/lock`. The kernel lets go of the
lock however the process ends, so a lab that was killed is never mistaken for one that runs. What the daemon
says while it starts comes through a pipe, a JSON object a line.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from meshtutor.errors import LabError

Progress = Callable[[dict[str, Any]], None]
_POLL = 0.02


class AlreadyRunningError(LabError):
    """Another process started the lab between the question whether it runs and the attempt to start it."""


@dataclass(frozen=True)
class Options:
    """What `up` may choose. `gateway_port` None: 8000, or the next free one."""

    gateway_port: int | None = None
    manifests: tuple[Path, ...] = ()


def is_alive(directory: Path) -> bool:
    """Whether a daemon holds the lab's lock."""
    try:
        descriptor = os.open(directory / "lock", os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def read(directory: Path) -> dict[str, Any] | None:
    """What the daemon wrote when it was ready (lab.json), or None while it starts or when none runs."""
    if not is_alive(directory):
        return None
    with suppress(FileNotFoundError, json.JSONDecodeError):
        return dict(json.loads((directory / "lab.json").read_text()))
    return None


def start(
    name: str, directory: Path, options: Options, progress: Progress, timeout: float = 60.0
) -> dict[str, Any]:
    """Start the daemon and return lab.json once the application answers through the gateway.

    Interrupted (Ctrl-C) or failed, nothing of the lab remains but its log.
    """
    with _only_one(directory), _spawned(name, directory, options) as (process, lines):
        try:
            return _follow(process, lines, directory, progress, timeout)
        except BaseException:
            end(directory, process.pid, keep_log=True)
            raise


@contextmanager
def _only_one(directory: Path) -> Iterator[None]:
    """Hold the right to start this lab; a second `up` at the same moment waits here and then finds it running."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    with (directory / "up.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if is_alive(directory):
            raise AlreadyRunningError("The lab was started by another process meanwhile.", "meshtutor status")
        (directory / "lab.json").unlink(missing_ok=True)
        yield


@contextmanager
def _spawned(name: str, directory: Path, options: Options) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The daemon, detached from this terminal, and the reading end of its pipe."""
    reader, writer = os.pipe()
    command = [sys.executable, "-m", "meshtutor.embedded", "--name", name, "--directory", str(directory),
               "--progress-fd", str(writer)]  # fmt: skip
    if options.gateway_port is not None:
        command += ["--gateway-port", str(options.gateway_port)]
    command += [str(path) for path in options.manifests]
    try:
        with (directory / "lab.log").open("ab") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=directory,
                                       pass_fds=[writer], start_new_session=True)  # fmt: skip
    finally:
        os.close(writer)
    try:
        yield process, reader
    finally:
        os.close(reader)


def _follow(process: subprocess.Popen[bytes], reader: int, directory: Path, progress: Progress,
            timeout: float) -> dict[str, Any]:  # fmt: skip
    """Hand on each line the daemon says; return its last word, or raise what it says went wrong."""
    for said in _lines(reader, time.monotonic() + timeout):
        if "error" in said:
            raise LabError(said["error"], said.get("hint", f"See {directory / 'lab.log'}."))
        if said.get("ready"):
            return said
        progress(said)
    code = process.poll()
    ended = f"ended with status {code}" if code is not None else f"was not ready within {timeout:.0f} s"
    raise LabError(
        f"The lab's process {ended}.",
        f"Its last words are in {directory / 'lab.log'}; then `meshtutor doctor`.",
    )


def _lines(reader: int, deadline: float) -> Iterator[dict[str, Any]]:
    """JSON objects from the pipe until it closes or the deadline passes."""
    import select

    rest = b""
    while (left := deadline - time.monotonic()) > 0:
        if not select.select([reader], [], [], left)[0]:
            return
        chunk = os.read(reader, 65536)
        if not chunk:
            return
        *whole, rest = (rest + chunk).split(b"\n")
        yield from (json.loads(line) for line in whole if line)


def wait_until_ready(directory: Path, timeout: float = 60.0) -> dict[str, Any]:
    """lab.json of a lab that another process is starting."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline and is_alive(directory):
        if found := read(directory):
            return found
        time.sleep(_POLL)
    raise LabError("The lab that was starting did not become ready.", f"See {directory / 'lab.log'}.")


def end(directory: Path, pid: int | None = None, *, keep_log: bool = False, timeout: float = 10.0) -> bool:
    """End the daemon and all its processes; remove what it left. Return whether there was one."""
    alive = is_alive(directory)
    pid = pid or _pid(directory)
    if pid is not None and (alive or _is_ours(pid, directory)):
        _terminate(pid, timeout)
    _remove(directory, keep_log=keep_log)
    return alive


def _pid(directory: Path) -> int | None:
    with suppress(OSError, ValueError):
        return int((directory / "lock").read_text())
    return None


def _is_ours(pid: int, directory: Path) -> bool:
    """Whether this pid is the daemon of this directory, and not a stranger who got its number later."""
    with suppress(psutil.Error):
        return str(directory) in psutil.Process(pid).cmdline()
    return False


def _terminate(pid: int, timeout: float) -> None:
    """SIGTERM, and after the deadline SIGKILL: the daemon's children die with it in both cases."""
    try:
        process = psutil.Process(pid)
        children = process.children(recursive=True)
        process.send_signal(signal.SIGTERM)
        _, alive = psutil.wait_procs([process], timeout)
        for left in alive:
            left.kill()
        psutil.wait_procs([process, *children], timeout)
    except psutil.NoSuchProcess:
        return


def _remove(directory: Path, *, keep_log: bool) -> None:
    if not keep_log:
        shutil.rmtree(directory, ignore_errors=True)
        return
    for entry in directory.iterdir():
        if entry.name == "lab.log":
            continue
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
