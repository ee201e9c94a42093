"""Finding the real programs, and running them as servers that end with the test."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest


def find(name: str) -> str:
    """The path of a program, or skip."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "meshtutor"
    built = Path(os.environ.get("MESHTUTOR_CACHE") or cache) / "real" / "bin"
    places = [os.environ.get("MESHTUTOR_REAL_BIN", ""), str(built), os.environ.get("PATH", "")]
    found = shutil.which(name, path=os.pathsep.join(filter(None, places)))
    if found is None:
        pytest.skip(f"{name} is neither in MESHTUTOR_REAL_BIN nor built by `make real` nor on PATH")
    return found


def module_folder(name: str) -> Path | None:
    """The sources of one of the Go modules that the real programs are built from, or None where there is no Go."""
    listed = ["go", "list", "-m", "-f", "{{.Dir}}", name]
    tools = Path(__file__).parent / "tools" / "istio"
    try:
        done = subprocess.run(listed, cwd=tools, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    folder = Path(done.stdout.strip() or os.devnull)
    return folder if folder.is_dir() else None


def free_ports(count: int) -> list[int]:
    """Ports on loopback that are free now."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@contextmanager
def running(
    command: list[str], log: Path, environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen]:
    """A server, ended at the end; its words are in `log`."""
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, stdout=file, stderr=file, stdin=subprocess.DEVNULL, env=environment
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until(
    condition: Callable[[], object], what: str, timeout: float = 60.0, log: Path | None = None
) -> object:
    """The first true value of a condition; a failure with the end of a log at the deadline."""
    deadline = time.monotonic() + timeout
    while True:
        if value := condition():
            return value
        if time.monotonic() > deadline:
            words = log.read_text(errors="replace")[-3000:] if log else ""
            pytest.fail(f"no {what} within {timeout:g} s\n{words}")
        time.sleep(0.05)


def accepts(port: int) -> bool:
    """Whether something accepts connections at a port on loopback."""
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
