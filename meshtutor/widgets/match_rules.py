"""A match as Istio writes it, the rule around it, and the requests that are tried on it. Pure functions of data.

Istio's form: https://istio.io/latest/docs/reference/config/networking/virtual-service/#HTTPMatchRequest
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from meshtutor.errors import MeshtutorError
from meshtutor.widgets.split_rules import Rules

Object = dict[str, Any]
Match = dict[str, Any]

KINDS: Final = ("exact", "prefix", "regex")
USER: Final = "end-user"
CAUGHT: Final = "caught"
REST: Final = "rest"


@dataclass(frozen=True)
class Probe:
    """A request of the table."""

    path: str = "/reviews/0"
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """`GET /reviews/0  end-user: jason`."""
        headers = "".join(f"  {name}: {value}" for name, value in self.headers.items())
        return f"{self.method} {self.path}{headers}"


PROBES: Final = (
    Probe(),
    Probe(headers={USER: "jason"}),
    Probe(headers={USER: "jasmin"}),
    Probe(path="/reviews/0?preview=true"),
    Probe(path="/reviews/0?preview=true", headers={USER: "jason"}),
    Probe(path="/reviews/12"),
    Probe(path="/Reviews/0"),
    Probe(path="/health"),
    Probe(path="/health", headers={USER: "jason"}),
    Probe(method="POST", headers={USER: "jason"}),
)


@dataclass(frozen=True)
class Form:
    """The fields of the form; an empty value is no condition. `query` is `NAME=VALUE`, or NAME for any value."""

    uri_kind: str = "prefix"
    uri: str = ""
    user_kind: str = "exact"
    user: str = ""
    method: str = ""
    query: str = ""

    def match(self) -> Match:
        """The conditions in Istio's form; all of them must hold."""
        found: Match = {}
        if self.uri:
            found["uri"] = {self.uri_kind: self.uri}
        if self.method:
            found["method"] = {"exact": self.method}
        if self.user:
            found["headers"] = {USER: {self.user_kind: self.user}}
        if self.query:
            name, equals, value = self.query.partition("=")
            found["queryParams"] = {name: {"exact": value} if equals else {"regex": ".*"}}
        return found

    @classmethod
    def of(cls, match: Mapping[str, Any]) -> Form:
        """The form that shows a match, as far as it has fields for it."""
        uri_kind, uri = _string(match.get("uri"), "prefix")
        user_kind, user = _string((match.get("headers") or {}).get(USER), "exact")
        _, method = _string(match.get("method"), "exact")
        query = next(iter((match.get("queryParams") or {}).items()), None)
        return cls(uri_kind, uri, user_kind, user, method, _query(query))


def checked(match: Any) -> Match:
    """A match as it is, if it is a mapping; MeshtutorError otherwise. What is in it, Istio's validation judges."""
    if not isinstance(match, Mapping):
        raise MeshtutorError(
            f"A match is a mapping, not {match!r}.", 'Expected for instance {"uri": {"prefix": "/reviews"}}'
        )
    return copy.deepcopy(dict(match))


def objects(rules: Rules, match: Match, caught: str, rest: str) -> list[Object]:
    """Two rules: what the match catches goes to the subset `caught`, everything else to `rest`."""
    first: Object = {"name": CAUGHT, **({"match": [match]} if match else {}), **_to(rules.host, caught)}
    rule = copy.deepcopy(rules.virtual_service)
    rule["spec"]["http"] = [first, {"name": REST, **_to(rules.host, rest)}]
    return [rule, *([rules.destination_rule] if rules.destination_rule else [])]


def _to(host: str, subset: str) -> Object:
    return {"route": [{"destination": {"host": host, "subset": subset}}]}


def _string(condition: Any, usual: str) -> tuple[str, str]:
    """Kind and value of a StringMatch such as {"prefix": "/reviews"}."""
    return next(
        ((kind, str(value)) for kind, value in (condition or {}).items() if kind in KINDS), (usual, "")
    )


def _query(parameter: tuple[str, Any] | None) -> str:
    if parameter is None:
        return ""
    name, condition = parameter
    kind, value = _string(condition, "exact")
    return f"{name}={value}" if kind == "exact" else name
