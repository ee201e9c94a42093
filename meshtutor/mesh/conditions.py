"""What the control plane says of a Gateway or a route: its conditions, in one table.

An object's status speaks of the generation that its conditions name; until that is the object's own, nobody has looked
at it yet. A route whose Gateway does not exist is never looked at: nothing to show is the answer then.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from meshtutor.display import html, text
from meshtutor.errors import MeshtutorError
from meshtutor.kube import kinds, objects
from meshtutor.kube.client import KubeClient
from meshtutor.kube.kinds import Kind
from meshtutor.mesh.changes import title

Object = Mapping[str, Any]
_POLL_SECONDS: Final = 0.02
_GOOD_WHEN_FALSE: Final = ("Conflicted",)
_NOBODY: Final = "nobody has answered: no controller knows its Gateway, or its class"


@dataclass(frozen=True)
class Condition:
    """One line: `about` is the object itself, one of its listeners, or a parent of a route."""

    about: str
    type: str
    status: str
    reason: str
    message: str

    @property
    def ok(self) -> bool:
        """Whether it says what one hopes for."""
        return (self.status == "True") != (self.type in _GOOD_WHEN_FALSE)


@dataclass(frozen=True)
class Conditions:
    """The conditions of one object; true if all of them are as one hopes. Without any it is not."""

    object: str
    found: tuple[Condition, ...]

    def __bool__(self) -> bool:
        return bool(self.found) and all(condition.ok for condition in self.found)

    def __iter__(self) -> Iterator[Condition]:
        return iter(self.found)

    def reason(self, type_: str) -> str:
        """The reason of the first condition of a type that is not as one hopes, else of the first; "" without one."""
        same = [condition for condition in self.found if condition.type == type_]
        return next((c.reason for c in same if not c.ok), same[0].reason if same else "")

    def __repr__(self) -> str:
        rows = [(c.about, c.type, c.status, c.reason, c.message) for c in self.found]
        body = (
            text.columns([("ABOUT", "TYPE", "STATUS", "REASON", "MESSAGE"), *rows])
            if rows
            else f"  {_NOBODY}"
        )
        return f"{self.object}\n{body}"

    def _repr_html_(self) -> str:
        head = html.Html(f"<b>{html.cell(self.object)}</b>")
        if not self.found:
            return html.join(head, html.notice(_NOBODY, "warn"))
        rows = [(c.about, c.type, html.Html(f"{'✓' if c.ok else '✗'}&nbsp;{html.cell(c.status)}"), c.reason, c.message)
                for c in self.found]  # fmt: skip
        return html.join(head, html.table(("about", "type", "status", "reason", "message"), rows))


def kind_called(name: str) -> Kind:
    """A kind of the Gateway API by its name or short name; here a Gateway is not Istio's own kind."""
    for kind in kinds.GATEWAY_API:
        if name.lower() in (kind.kind.lower(), kind.plural, kind.resource, *kind.short_names):
            return kind
    known = ", ".join(kind.kind for kind in kinds.GATEWAY_API if kind.subresources)
    raise MeshtutorError(f"{name!r} is no kind whose conditions are known here.", f"There are: {known}")


def conditions_of(kube: KubeClient, kind: str, name: str, namespace: str, timeout: float) -> Conditions:
    """The conditions once they speak of the object as it is; at the deadline (seconds), those that there are."""
    found = kind_called(kind)
    stamp = {"apiVersion": found.api_version, "kind": found.kind}
    deadline = time.monotonic() + timeout
    while True:
        obj = {**stamp, **kube.get(found, name, namespace if found.namespaced else "")}
        if _speaks_of(obj) or time.monotonic() > deadline:
            return Conditions(title(obj), tuple(_conditions(obj)))
        time.sleep(_POLL_SECONDS)


def _speaks_of(obj: Object) -> bool:
    generations = [c.get("observedGeneration", 0) for _, c in _raw(obj)]
    return bool(generations) and min(generations) >= objects.metadata(obj).get("generation", 1)


def _conditions(obj: Object) -> Iterator[Condition]:
    for about, one in _raw(obj):
        yield Condition(about, one["type"], one["status"], one["reason"], one["message"])


def _raw(obj: Object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(what it is about, condition) of the object, its parents and its listeners."""
    status = objects.status(obj)
    yield from (("itself", one) for one in status.get("conditions") or ())
    for parent in status.get("parents") or ():
        yield from ((_parent(parent["parentRef"]), one) for one in parent.get("conditions") or ())
    for listener in status.get("listeners") or ():
        routes = text.count(int(listener.get("attachedRoutes", 0)), "route")
        yield from (
            (f"listener {listener['name']} ({routes})", one) for one in listener.get("conditions") or ()
        )


def _parent(ref: Mapping[str, Any]) -> str:
    place = "/".join(part for part in (ref.get("namespace"), ref["name"]) if part)
    section = f" {ref['sectionName']}" if ref.get("sectionName") else ""
    return f"{ref.get('kind', 'Gateway')} {place}{section}"
