"""One finding about an object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

Spec = dict[str, Any]
Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Problem:
    """`path` as in `spec.http[0].route`; `hint` is the next step; `code` istioctl analyze's, where it has one."""

    path: str
    message: str
    severity: Severity = "error"
    hint: str = ""
    code: str = ""

    def __str__(self) -> str:
        code = f"{self.code} " if self.code else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{code}{self.path}: {self.message}{hint}"


Problems = Iterator[Problem]


def error(path: str, message: str, hint: str = "") -> Problem:
    """A reason to refuse the object."""
    return Problem(path, message, "error", hint)


def warning(path: str, message: str, hint: str = "", code: str = "") -> Problem:
    """Something that is allowed, and rarely what was meant."""
    return Problem(path, message, "warning", hint, code)


def unless_fine(path: str, complaint: str, hint: str = "") -> Problems:
    """An error if there is a complaint; the grammar checks of `names` and `values` answer with one, or ""."""
    if complaint:
        yield error(path, complaint, hint)


def each(items: list[Any] | None, path: str) -> Iterator[tuple[str, Any]]:
    """(path, item) of a list that may be absent."""
    for index, item in enumerate(items or ()):
        yield f"{path}[{index}]", item
