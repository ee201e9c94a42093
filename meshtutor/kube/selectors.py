"""Label and field selectors in kubectl's syntax.

Labels: `app=reviews,version!=v1,tier in (a, b),zone notin (x),canary,!legacy`; the requirements are ANDed.
As in Kubernetes, `!=` and `notin` also select objects that lack the label.
Fields: `metadata.name=x,status.phase!=Failed`; a missing field compares as "".

Source: apimachinery's pkg/labels/selector.go and pkg/fields/selector.go;
the documentation page "Labels and Selectors".
Left out: the numeric operators `gt` and `lt`, which no kubectl user types for objects.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from meshtutor.errors import SelectorError
from meshtutor.kube.objects import dig

_KEY: Final = r"[A-Za-z0-9](?:[A-Za-z0-9./_-]*[A-Za-z0-9])?"
_VALUE: Final = r"[A-Za-z0-9_.-]*"
_SET: Final = re.compile(rf"({_KEY})\s+(in|notin)\s*\(([^()]*)\)")
_EQUALITY: Final = re.compile(rf"({_KEY})\s*(==|=|!=)\s*({_VALUE})")
_EXISTS: Final = re.compile(rf"(!?)\s*({_KEY})")
_OUTSIDE_BRACKETS: Final = re.compile(r",(?![^()]*\))")
_FIELD: Final = re.compile(r"([^=!\s]+?)\s*(==|=|!=)\s*(.*)", re.DOTALL)
_FIELD_COMMA: Final = re.compile(r"(?<!\\),")
_OPERATORS: Final = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "absent"}


@dataclass(frozen=True)
class Requirement:
    """One condition; `operator` is in, notin, exists or absent."""

    key: str
    operator: str
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether a set of labels meets the condition."""
        if self.operator in ("exists", "absent"):
            return (self.key in labels) == (self.operator == "exists")
        return (labels.get(self.key) in self.values) == (self.operator == "in")

    def __str__(self) -> str:
        if self.operator in ("exists", "absent"):
            return f"{'!' if self.operator == 'absent' else ''}{self.key}"
        if len(self.values) == 1:
            return f"{self.key}{'=' if self.operator == 'in' else '!='}{next(iter(self.values))}"
        return f"{self.key} {self.operator} ({','.join(sorted(self.values))})"


@dataclass(frozen=True)
class LabelSelector:
    """All requirements must hold; none selects everything."""

    requirements: tuple[Requirement, ...] = ()

    @classmethod
    def parse(cls, text: str) -> LabelSelector:
        """Read kubectl's `-l` syntax, or raise SelectorError naming the part that cannot be read."""
        parts = [part.strip() for part in _OUTSIDE_BRACKETS.split(text)] if text.strip() else []
        return cls(tuple(_label_requirement(part, text) for part in parts))

    @classmethod
    def of(cls, selector: Mapping[str, Any] | None) -> LabelSelector:
        """From an object's selector: `{matchLabels, matchExpressions}`, or a plain map as in a Service.

        None selects nothing in Kubernetes' own objects; callers decide that, here it selects everything.
        """
        selector = selector or {}
        structured = "matchLabels" in selector or "matchExpressions" in selector
        pairs = (selector.get("matchLabels") or {}) if structured else selector
        equal = [Requirement(key, "in", frozenset({str(value)})) for key, value in pairs.items()]
        expressions = (selector.get("matchExpressions") or ()) if structured else ()
        return cls((*equal, *(_expression(e) for e in expressions)))

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether a set of labels meets every requirement."""
        return all(requirement.matches(labels) for requirement in self.requirements)

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))


@dataclass(frozen=True)
class FieldSelector:
    """Pairs of (path, equal?, value) that must all hold."""

    terms: tuple[tuple[str, bool, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> FieldSelector:
        r"""Read kubectl's `--field-selector` syntax; `\,`, `\=` and `\\` stand for themselves in a value."""
        parts = [part.strip() for part in _FIELD_COMMA.split(text)] if text.strip() else []
        return cls(tuple(_field_term(part, text) for part in parts if part))

    @property
    def paths(self) -> tuple[str, ...]:
        """The fields asked for, so that a server can refuse one it does not index."""
        return tuple(path for path, _, _ in self.terms)

    def matches(self, obj: Mapping[str, Any]) -> bool:
        """Whether the object meets every term."""
        return all((_text(dig(obj, path)) == value) == equal for path, equal, value in self.terms)


def _label_requirement(part: str, whole: str) -> Requirement:
    if found := _SET.fullmatch(part):
        values = frozenset(value.strip() for value in found[3].split(","))
        return Requirement(found[1], found[2], values)
    if found := _EQUALITY.fullmatch(part):
        return Requirement(found[1], "notin" if found[2] == "!=" else "in", frozenset({found[3]}))
    if found := _EXISTS.fullmatch(part):
        return Requirement(found[2], "absent" if found[1] else "exists")
    raise SelectorError(
        f"label selector {whole!r}: cannot read {part!r}",
        "Expected key=value, key!=value, key in (a,b), key notin (a,b), key or !key, separated by commas.",
    )


def _expression(expression: Mapping[str, Any]) -> Requirement:
    operator = _OPERATORS.get(str(expression.get("operator")))
    if operator is None:
        raise SelectorError(
            f"matchExpressions: {expression.get('operator')!r} is not a valid label selector operator",
            f"Expected one of {', '.join(_OPERATORS)}.",
        )
    values = frozenset(map(str, expression.get("values") or ()))
    return Requirement(str(expression.get("key")), operator, values)


def _field_term(part: str, whole: str) -> tuple[str, bool, str]:
    if found := _FIELD.fullmatch(part):
        return found[1], found[2] != "!=", re.sub(r"\\(.)", r"\1", found[3])
    raise SelectorError(
        f"field selector {whole!r}: cannot read {part!r}",
        "Expected path=value or path!=value, separated by commas.",
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
