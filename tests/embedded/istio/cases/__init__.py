"""Tables of rules and calls. Each case runs twice: through `xray` on generated resources, and on real Envoys.

The world of every case: `reviews` with pods v1, v2, v3, `ratings` v1, and `client` in namespace default, `reviews` v9
in namespace other, a gateway pod in istio-system; `STANDARD` holds subsets v1-v3 of reviews and a Gateway for all hosts.
A case's own objects are added to STANDARD unless it says `bare`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

REVIEWS = "reviews.default.svc.cluster.local"
STANDARD = """
kind: DestinationRule
metadata: {name: reviews}
spec:
  host: reviews
  subsets:
  - {name: v1, labels: {version: v1}}
  - {name: v2, labels: {version: v2}}
  - {name: v3, labels: {version: v3}}
---
kind: Gateway
metadata: {name: web}
spec:
  selector: {istio: ingressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ["*"]}]
"""


@dataclass(frozen=True)
class Expect:
    """A call and what must become of it. What is left at its default is not compared.

    `versions`: share in percent by the version that answers. `seen`: what the app sees (path, host, headers); a header
    of None must be absent. `through`: `client` (its sidecar) or `gateway`. `closed`: no connection comes about.
    """

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    method: str = "GET"
    through: str = "client"
    to: str = ""
    versions: dict[str, float] = field(default_factory=dict)
    status: int = 200
    flags: str = ""
    location: str = ""
    path: str = ""
    host: str = ""
    seen: dict[str, str | None] = field(default_factory=dict)
    answer: dict[str, str | None] = field(default_factory=dict)
    route: str = ""
    timeout: float | None = -1.0
    retries: dict[str, Any] | None = None
    least: float = 0.0
    closed: bool = False


@dataclass(frozen=True)
class Case:
    """A name, the rules as YAML, and the calls."""

    name: str
    yaml: str
    calls: tuple[Expect, ...]
    bare: bool = False

    def __str__(self) -> str:
        return self.name


def case(name: str, yaml: str, *calls: Expect, bare: bool = False) -> Case:
    return Case(name, yaml, calls, bare)


def reviews(http: str, **extra: str) -> str:
    """A VirtualService for reviews with this `http` (YAML, flow style)."""
    more = "".join(f"  {key}: {value}\n" for key, value in extra.items())
    return f"kind: VirtualService\nmetadata: {{name: reviews}}\nspec:\n  hosts: [reviews]\n{more}  http: {http}\n"


def to(subset: str, weight: int | None = None) -> str:
    """A destination in flow style."""
    share = f", weight: {weight}" if weight is not None else ""
    return f"{{destination: {{host: reviews, subset: {subset}}}{share}}}"


def route(subset: str) -> str:
    """`route: [...]` to one subset."""
    return f"route: [{to(subset)}]"
