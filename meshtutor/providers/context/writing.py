"""What a step writes, said once: the command as a person would type it, and the doing of it.

A dry run shows the commands, a run says each and does it, so the two cannot tell different stories.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from meshtutor.providers.steps import Said
from meshtutor.providers.tools import Command, command


@dataclass(frozen=True)
class Write:
    """A command line, and what has the same effect through the API."""

    command: Command
    do: Callable[[], object]


def carry_out(writes: Iterable[Write], said: Said) -> None:
    """Say each, then do it."""
    for write in writes:
        said({"command": str(write.command)})
        write.do()


def fed(kubectl: Sequence[str], objects: Iterable[Mapping[str, Any]]) -> Command:
    """A kubectl command that reads objects from its standard input, typed as a here-document."""
    text = yaml.safe_dump_all(map(dict, objects), sort_keys=False)
    words = command(*kubectl, "-f", "-")
    return command(*words.argv, stdin=text, typed=f"{words} <<'EOF'\n{text}EOF")
