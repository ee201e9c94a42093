"""Running other programs (docker, k3d, kubectl, istioctl): the one place of the providers that starts them.

A `Command` is what a person would type. Commands that change something are said before they run, so that a
learner sees each of them; commands that only look are silent. Who starts the process is a constructor argument, so
that tests can put a recorder in its place; what a program says is handed on line by line while it works.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from meshtutor.errors import LabError

Said = Callable[[dict[str, Any]], None]
_LOOK_SECONDS: Final = 20.0
_KEPT_LINES: Final = 400
_WORD: Final = re.compile(r"[A-Za-z]{3}")
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")  # k3d colours its words, terminal or not


@dataclass(frozen=True)
class Command:
    """One command line. `stdin` is fed to it; `typed` is how a person would write it, where that differs."""

    argv: tuple[str, ...]
    stdin: str = ""
    typed: str = ""

    def __str__(self) -> str:
        return self.typed or shlex.join(self.argv)


def command(*argv: str, stdin: str = "", typed: str = "") -> Command:
    """A command line from its words."""
    return Command(argv, stdin, typed)


class ToolError(LabError):
    """A program ended with an error; `output` is what it said, standard output and error together."""

    def __init__(self, failed: Command, code: int, output: str) -> None:
        self.command, self.code, self.output = failed, code, output
        last = next((line for line in reversed(output.splitlines()) if line.strip()), "it said nothing")
        super().__init__(
            f"{failed.argv[0]} ended with status {code}: {last.strip()}", f"Typed by hand: {failed}"
        )


class Tools:
    """Runs commands.

    `said` hears {"command": ...} before each that changes something, and {"waiting": ...} with each line that it
    prints; `environment` None is this process' own.
    """

    def __init__(self, said: Said = lambda _: None, environment: Mapping[str, str] | None = None) -> None:
        self._said = said
        self._environment = dict(environment) if environment is not None else None

    def find(self, tool: str) -> str | None:
        """Where a program is on PATH, or None."""
        path = self._environment.get("PATH", "") if self._environment is not None else None
        return shutil.which(tool, path=path)

    def look(self, *argv: str, timeout: float = _LOOK_SECONDS) -> str | None:
        """The standard output of a command that only reads, or None where it is absent, fails or hangs."""
        try:
            return self.read(*argv, timeout=timeout)
        except LabError:
            return None

    def read(self, *argv: str, timeout: float = _LOOK_SECONDS) -> str:
        """The standard output of a command that only reads; ToolError with what it said when it fails."""
        asked = Command(argv)
        try:
            done = subprocess.run(
                [self._path(asked), *argv[1:]],
                capture_output=True,
                text=True,
                timeout=timeout,
                env=self._environment,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired as error:
            raise ToolError(asked, 124, f"no answer within {timeout:g} s") from error
        if done.returncode:
            raise ToolError(asked, done.returncode, done.stdout + done.stderr)
        return done.stdout

    def run(self, asked: Command, timeout: float = 900.0) -> str:
        """Run a command that changes something; what it printed. ToolError when it fails or takes too long."""
        self._said({"command": str(asked)})
        with self._started(asked) as process:
            expired = threading.Timer(timeout, process.kill)
            expired.start()
            try:
                output = self._listen(process)
                code = process.wait()
            finally:
                expired.cancel()
        if code:
            late = f"\nended after {timeout:g} s" if expired.finished.is_set() and code < 0 else ""
            raise ToolError(asked, code, output + late)
        return output

    def say(self, typed: str) -> None:
        """Something that is done here without a program, as a person would type it."""
        self._said({"command": typed})

    def _path(self, asked: Command) -> str:
        found = self.find(asked.argv[0])
        if found is None:
            raise ToolError(asked, 127, f"{asked.argv[0]} is not on PATH")
        return found

    @contextlib.contextmanager
    def _started(self, asked: Command) -> Iterator[subprocess.Popen[str]]:
        """The process; ended if this one is interrupted, so that no half of a command goes on unseen."""
        process = subprocess.Popen(
            [self._path(asked), *asked.argv[1:]],
            text=True,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            assert process.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(asked.stdin)
                process.stdin.close()
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()

    def _listen(self, process: subprocess.Popen[str]) -> str:
        lines: list[str] = []
        for coloured in process.stdout or ():
            line = _COLOUR.sub("", coloured)
            lines = [*lines[-_KEPT_LINES:], line]
            if _WORD.search(line):  # not the pictures that istioctl draws
                self._said({"waiting": line.strip()})
        return "".join(lines)
