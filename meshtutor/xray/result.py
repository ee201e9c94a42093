"""What a walk found."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Candidate:
    """A route that was looked at: `reason` is the first condition that failed, or why it was chosen.

    `config` is the object that made the route (Istio's metadata: /apis/.../virtual-service/NAME), `rule` its place in
    the object's `http` list where this project's control plane tells it. A route that was delegated has the delegate
    there, and in `root_config` and `root` the object and the place that led to it.
    """

    name: str
    reason: str
    matched: bool
    config: str = ""
    rule: str = ""
    root_config: str = ""
    root: str = ""


@dataclass(frozen=True)
class Endpoint:
    """An address of a cluster; `workload` from Istio's endpoint metadata, `health` as Envoy has it.

    `name` is the name that Envoy looks up for it; where it has found no address yet, the address is the name.
    `priority` 0 is asked first; `locality_weight` is the share of all endpoints of its place and priority.
    """

    address: str
    health: str = "HEALTHY"
    priority: int = 0
    locality: str = ""
    weight: int = 1
    locality_weight: int = 1
    workload: str = ""
    tls: bool = False
    name: str = ""

    @property
    def healthy(self) -> bool:
        """Whether Envoy may send requests there."""
        return self.health in ("HEALTHY", "UNKNOWN", "DEGRADED")


@dataclass(frozen=True)
class Target:
    """A cluster to which a route may lead; `share` of requests in percent; `exists`: Envoy knows the cluster.

    `by_locality`: places within a priority have weights of their own. `namespace` is that of the host, as Istio's
    metadata tell it.
    """

    cluster: str
    share: float
    exists: bool
    endpoints: tuple[Endpoint, ...] = ()
    lb_policy: str = ""
    kind: str = ""
    config: str = ""
    by_locality: bool = False
    namespace: str = ""

    @property
    def healthy(self) -> tuple[Endpoint, ...]:
        """The endpoints that may take requests."""
        return tuple(e for e in self.endpoints if e.healthy)


@dataclass(frozen=True)
class Result:
    """A walk. `error` says where it ended early, `status` and `flags` what Envoy answers itself then (else 0 and "").

    `as_bytes`: a chain passes the connection on as it is; the candidate is what made the chain.
    Times in seconds, None when there is none. `details` holds the chosen route's own JSON. `candidates` are the routes
    that Envoy looked at, `later` those behind the chosen one, at which it did not look.
    """

    listener: str = ""
    filter_chain: str = ""
    route_config: str = ""
    virtual_host: str = ""
    domain: str = ""
    route: str = ""
    candidates: tuple[Candidate, ...] = ()
    later: tuple[Candidate, ...] = ()
    targets: tuple[Target, ...] = ()
    redirect: str = ""
    status: int = 0
    flags: str = ""
    error: str = ""
    as_bytes: bool = False
    timeout: float | None = None
    retries: dict[str, Any] = field(default_factory=dict)
    fault: dict[str, Any] = field(default_factory=dict)
    mirrors: tuple[tuple[str, float], ...] = ()
    path: str = ""
    authority: str = ""
    details: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def chosen(self) -> Candidate | None:
        """The route that was taken."""
        return next((c for c in self.candidates if c.matched), None)

    @property
    def lost(self) -> tuple[Candidate, ...]:
        """The routes that were looked at before, each with its reason."""
        return tuple(c for c in self.candidates if not c.matched)

    @property
    def clusters(self) -> dict[str, float]:
        """Cluster -> share in percent."""
        return {target.cluster: target.share for target in self.targets}

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def _lines(result: Result) -> list[str]:
    lines = [
        f"listener      {result.listener or '-'}",
        f"filter chain  {result.filter_chain or '-'}  (bytes)"
        if result.as_bytes
        else f"virtual host  {result.virtual_host or '-'}  ({result.domain})",
    ]
    for candidate in result.candidates:
        sign = "→" if candidate.matched else " "
        origin = " ".join(part for part in (candidate.config.rpartition("/")[2], candidate.rule) if part)
        lines.append(
            f"{sign} route       {candidate.name or '(no name)'}: {candidate.reason}{origin and f'  [{origin}]'}"
        )
    for target in result.targets:
        lines.append(f"cluster       {target.cluster}  {target.share:g} %")
        lines += [f"  endpoint    {e.address}  {e.health}  {e.workload}" for e in target.endpoints]
    if result.redirect:
        lines.append(f"redirect      {result.redirect}")
    if result.error:
        flag = f" ({result.status} {result.flags})".rstrip() if result.status else ""
        lines.append(f"ends here     {result.error}{flag}")
    return lines
