"""What `mesh.explain` returns: the way of a request through a proxy, step by step, with who decided each step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from meshtutor.display import html, text
from meshtutor.xray.result import Result

_HEADINGS: Final = ("step", "what", "decided by", "where", "line")


@dataclass(frozen=True)
class Decision:
    """Who decided: an object (`VirtualService default/reviews`), the field in it, `FILE:LINE` and that line."""

    object: str
    path: str = ""
    where: str = ""
    line: str = ""

    @property
    def place(self) -> str:
        """Where to look: `FILE:LINE`, or the field where no file is known."""
        return self.where or self.path


@dataclass(frozen=True)
class Step:
    """One step of the way. `by` is None where no object decided, but Istio's default or the sidecar itself."""

    name: str
    what: str
    by: Decision | None = None


@dataclass(frozen=True)
class Lost:
    """A route that did not get the request, and the first condition that failed."""

    route: str
    reason: str
    by: Decision | None = None


@dataclass(frozen=True)
class Explanation:
    """The way of one request; `result` is the walk itself, `clusters` the shares in percent."""

    method: str
    url: str
    pod: str
    result: Result
    steps: tuple[Step, ...]
    lost: tuple[Lost, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def clusters(self) -> dict[str, float]:
        """Cluster -> share in percent."""
        return self.result.clusters

    @property
    def cluster(self) -> str:
        """The cluster that gets the most, "" where the request ends before."""
        return max(self.clusters, key=lambda name: self.clusters[name], default="")

    @property
    def verdict(self) -> tuple[str, html.Tone]:
        """Where it goes, in one sentence, and how good that is."""
        return _verdict(self.result)

    def step(self, name: str) -> Step | None:
        """The first step of a name: `listener`, `virtual host`, `route`, `cluster`, `timeout`, ..."""
        return next((step for step in self.steps if step.name == name), None)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON; without the walk's own copy of Envoy's route."""
        return {
            "method": self.method,
            "url": self.url,
            "headers": dict(self.headers),
            "pod": self.pod,
            "verdict": self.verdict[0],
            "clusters": self.clusters,
            "status": self.result.status,
            "flags": self.result.flags,
            "steps": [asdict(step) for step in self.steps],
            "lost": [asdict(lost) for lost in self.lost],
        }

    def __repr__(self) -> str:
        lines = [self._title(), f"→ {self.verdict[0]}", "", text.columns([_HEADINGS, *_rows(self.steps)])]
        if self.lost:
            lines += ["", "routes that did not get it", text.columns([*_lost_rows(self.lost)])]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        lost = html.Html("")
        if self.lost:
            rows = html.table(("route", "why not", "rule", "where"), _lost_rows(self.lost))
            lost = html.join(html.muted("routes that did not get it"), rows)
        sentence, tone = self.verdict
        return html.join(
            html.muted(self._title()),
            html.notice(sentence, tone),
            html.table(_HEADINGS, _rows(self.steps)),
            lost,
        )

    def _title(self) -> str:
        with_headers = ", ".join(f"{name}: {value}" for name, value in self.headers.items())
        return f"{self.method} {self.url} from {self.pod}" + (f" with {with_headers}" if with_headers else "")


def _rows(steps: tuple[Step, ...]) -> Iterator[tuple[str, ...]]:
    before = ""
    for step in steps:
        by = step.by or Decision("")
        yield "" if step.name == before else step.name, step.what, by.object, by.place, by.line
        before = step.name


def _lost_rows(lost: tuple[Lost, ...]) -> Iterator[tuple[str, ...]]:
    for route in lost:
        by = route.by or Decision("")
        yield route.route, route.reason, by.object, by.place


def _verdict(result: Result) -> tuple[str, html.Tone]:
    if result.error:
        answer = f": Envoy answers {result.status} ({result.flags})" if result.status else ""
        return f"{result.error}{answer}", "bad"
    if result.redirect:
        return f"Envoy answers {result.status}: go to {result.redirect}", "plain"
    if result.status:
        return f"Envoy answers {result.status} itself", "plain"
    where = ", ".join(f"{share:g} % to {name}" for name, share in result.clusters.items())
    missing = [target.cluster for target in result.targets if not target.exists]
    if missing:
        fate = "closed" if result.as_bytes else "answered 503 (NC)"
        return f"{where}; but {missing[0]} does not exist: its share is {fate}", "bad"
    if result.fault:
        return f"{where}, after a fault ({fault_text(result.fault)})", "warn"
    return f"{where}, as bytes" if result.as_bytes else where, "good"


def fault_text(fault: Mapping[str, Any]) -> str:
    """`50 % wait 2 s; 30 % are answered 503`."""
    parts = []
    if "delay" in fault:
        parts.append(f"{fault['delay_percent']:g} % wait {fault['delay'] or 0:g} s")
    if "abort" in fault:
        parts.append(f"{fault['abort_percent']:g} % are answered {fault['abort']}")
    return "; ".join(parts)
