"""Labs of their own for tests that kill, crowd or break them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest


def _interruptible() -> None:
    """Ctrl-C reaches the command even where a shell started these tests in the background, with SIGINT ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Command:
    """`meshtutor` as a person runs it, with a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = {**os.environ, "MESHTUTOR_HOME": str(home), "MESHTUTOR_LAB": "t"}

    def __call__(self, *args: str, code: int = 0) -> str:
        done = subprocess.run([sys.executable, "-m", "meshtutor", *args], env=self.environment, timeout=90,
                              capture_output=True, text=True, check=False)  # fmt: skip
        assert done.returncode == code, (
            f"meshtutor {' '.join(args)} -> {done.returncode}\n{done.stdout}\n{done.stderr}"
        )
        return done.stdout + done.stderr

    def json(self, *args: str, code: int | None = 0) -> dict:
        """Standard output as JSON: progress goes elsewhere, so it must parse whole."""
        done = subprocess.run([sys.executable, "-m", "meshtutor", *args, "--output", "json"], env=self.environment,
                              timeout=90, capture_output=True, text=True, check=False)  # fmt: skip
        assert code is None or done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout)

    def popen(self, *args: str) -> subprocess.Popen:
        return subprocess.Popen([sys.executable, "-m", "meshtutor", *args], env=self.environment,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                preexec_fn=_interruptible)  # noqa: PLW1509  # fmt: skip

    def processes(self) -> list[psutil.Process]:
        """Every process on this machine that has this home in its command line, environment or working directory."""
        return [p for p in psutil.process_iter() if self._is_ours(p)]

    def _is_ours(self, process: psutil.Process) -> bool:
        if process.pid == os.getpid():
            return False
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            return str(self.home) in " ".join(
                [*process.cmdline(), process.cwd(), process.environ().get("MESHTUTOR_HOME", "")]
            )
        except psutil.Error:
            return False


@pytest.fixture
def meshtutor(tmp_path: Path) -> Iterator[Command]:
    """The command with a home of its own; whatever runs at the end is ended."""
    command = Command(tmp_path / "home")
    yield command
    command("down", "--all")
    for process in command.processes():
        process.kill()


@pytest.fixture
def eventually() -> Callable[..., object]:
    """Wait for a condition with a deadline; the last value of it is in the failure."""

    def wait(condition: Callable[[], object], timeout: float = 20.0) -> object:
        deadline = time.monotonic() + timeout
        while not (value := condition()):
            assert time.monotonic() < deadline, f"still {value!r} after {timeout} s"
            time.sleep(0.05)
        return value

    return wait
