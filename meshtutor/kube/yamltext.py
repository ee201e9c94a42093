"""YAML as kubectl reads it, and the line on which each field stands.

kubectl turns YAML into JSON before it looks at it. So here a date stays text, a map's keys are text, `22:22`
is not a number of minutes, `1.0` is the integer 1, and what JSON cannot say (binary, sets, NaN) is refused.
A key given twice is refused too: of two values one would be ignored silently.

Source: sigs.k8s.io/yaml and the go-yaml v2 resolver beneath it (YAML 1.1: `yes` and `on` are booleans).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import yaml

from meshtutor.errors import ManifestError
from meshtutor.kube.objects import join

_INTEGER: Final = r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+)"
_FLOAT: Final = (
    r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_MOST_NODES: Final = 200_000
_DEEPEST: Final = 100
_PLAIN: Final = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_EXPECTED: Final = (
    ("mapping values are not allowed", "one `key: value` per line; a value that contains `: ` needs quotes"),
    (
        "cannot start any token",
        "spaces for indentation, and quotes around a value that starts with @, ` or %",
    ),
    ("could not find expected ':'", "`key: value`; is a colon missing here or on the line before?"),
    ("did not find expected key", "a key at the same indentation as its neighbours, or a `- ` item"),
    ("did not find expected '-'", "another `- ` item at the same indentation, or a key further to the left"),
    ("block sequence entries are not allowed", "a list to begin on a line of its own, below its key"),
    ("unexpected end of stream", "the closing quote or bracket"),
    ("undefined alias", "an anchor `&name` above the alias `*name`"),
)


class _Loader(yaml.CSafeLoader):
    """PyYAML's safe loader with JSON's types."""


def _integer(loader: _Loader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node)).replace("_", "")
    digits = text.lstrip("+-")
    octal = len(digits) > 1 and digits.isdigit() and digits.startswith("0")
    return int(text, 8) if octal else int(text, 0)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in rules if tag not in _PLAIN]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(rf"^(?:{_INTEGER})$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(rf"^(?:{_FLOAT})$"), list("-+.0123456789")
)
_Loader.add_constructor("tag:yaml.org,2002:int", _integer)


@dataclass(frozen=True)
class Document:
    """One YAML document: its value, and in `lines` the line (from 1) of each field path; "" is its first."""

    index: int
    value: Any
    lines: dict[str, int]


def documents(text: str, name: str) -> Iterator[Document]:
    """Each document of `text` that is not empty, numbered from 1.

    ManifestError names `name`, the document and the line, and says in its hint what was expected there.
    """
    _guard_depth(text, name)
    loader = _Loader(text)
    index = 0
    try:
        while loader.check_node():
            index += 1
            node: Any = loader.get_node()
            lines: dict[str, int] = {}
            value = _Reader(loader, lines, partial(refuse, name, index)).read(node, "")
            if value is not None:
                lines[""] = node.start_mark.line + 1
                yield Document(index, value, lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise refuse(
            name, index or 1, line, str(error.problem), _hint(str(error.problem), text, line)
        ) from error
    except yaml.YAMLError as error:  # a character that YAML does not allow at all
        raise refuse(
            name, index + 1, 0, " ".join(str(error).split()), "Expected printable UTF-8 text."
        ) from error
    finally:
        loader.dispose()


def _guard_depth(text: str, name: str) -> None:
    """Refuse text that is nested so deep that the composer, which is recursive, would break the process."""
    depth = 0
    with contextlib.suppress(yaml.YAMLError):  # reported with its line by the reader itself
        for event in yaml.parse(text, Loader=_Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                line = event.start_mark.line + 1 if event.start_mark else 0
                what = f"nested more than {_DEEPEST} deep"
                raise refuse(name, 1, line, what, "Expected a Kubernetes object.")


def refuse(name: str, document: int, line: int, what: str, hint: str) -> ManifestError:
    """The error for one line of one document."""
    place = f", line {line}" if line else ""
    return ManifestError(f"{name}, document {document}{place}: {what}", hint)


class _Reader:
    """Turns one document's nodes into JSON's types and notes where each field stands."""

    def __init__(
        self, loader: _Loader, lines: dict[str, int], refuse: Callable[[int, str, str], ManifestError]
    ) -> None:
        self.loader, self.lines, self.refuse = loader, lines, refuse
        self.open: list[yaml.Node] = []
        self.count = 0

    def read(self, node: yaml.Node, path: str) -> Any:
        """The value of a node that stands at `path`."""
        self.lines.setdefault(path, node.start_mark.line + 1)
        self._guard(node)
        if not isinstance(node, yaml.CollectionNode):
            return self._scalar(node)
        self.open.append(node)
        if isinstance(node, yaml.MappingNode):
            value: Any = self._mapping(node, path)
        else:
            value = [self.read(child, join(path, i)) for i, child in enumerate(node.value)]
        self.open.pop()
        return value

    def _guard(self, node: yaml.Node) -> None:
        """Refuse aliases that contain themselves, or that unfold to more than a cluster would take."""
        self.count += 1
        line = node.start_mark.line + 1
        if any(node is outer for outer in self.open):
            raise self.refuse(line, "the anchor here contains an alias of itself", "Expected a finite tree.")
        if self.count > _MOST_NODES:
            raise self.refuse(
                line, f"more than {_MOST_NODES} values in one document", "Split it, or unfold fewer aliases."
            )

    def _mapping(self, node: yaml.MappingNode, path: str) -> dict[str, Any]:
        own = self._own_keys(node)
        self.loader.flatten_mapping(node)  # `<<: *anchor`; the node's own keys come after and win
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = _key(key_node)
            if key_node.start_mark.line + 1 in own.get(key, ()):
                self.lines[join(path, key)] = key_node.start_mark.line + 1
            result[key] = self.read(value_node, join(path, key))
        return result

    def _own_keys(self, node: yaml.MappingNode) -> dict[str, tuple[int]]:
        """The line of each key written in this very map; a key written twice is refused."""
        found: dict[str, tuple[int]] = {}
        for key_node, _ in node.value:
            line, key = key_node.start_mark.line + 1, _key(key_node)
            if key in found:
                raise self.refuse(
                    line,
                    f"the key {key!r} is there already, on line {found[key][0]}",
                    "Expected each key once: of two values one would be lost. Keep one, or use a list.",
                )
            found[key] = (line,)
        return found

    def _scalar(self, node: yaml.Node) -> Any:
        value = self.loader.construct_object(node, deep=True)
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, str | bool | int | None) or (
            isinstance(value, float) and abs(value) < float("inf")
        ):
            return value
        raise self.refuse(
            node.start_mark.line + 1,
            f"{node.value!r} is a {type(value).__name__}, which JSON cannot say",
            "Expected text, a number, true, false or null; quotes make text of anything.",
        )


def _key(node: yaml.Node) -> str:
    return str(node.value)


def _hint(problem: str, text: str, line: int) -> str:
    lines = text.splitlines()
    raw = lines[line - 1] if 0 < line <= len(lines) else ""
    shown = raw.strip() or "the end of the text"
    if "\t" in raw[: len(raw) - len(raw.lstrip())]:
        return f"Expected spaces: YAML does not allow tabs for indentation. The line reads: {shown}"
    expected = next((expected for sign, expected in _EXPECTED if sign in problem), "valid YAML")
    return f"Expected {expected}. The line reads: {shown}"
