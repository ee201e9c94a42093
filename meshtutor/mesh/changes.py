"""What an apply or a delete did: per object, and how the proxies took it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from meshtutor.display import html, text
from meshtutor.errors import ApiStatusError, MeshtutorError
from meshtutor.kube.manifests import Origin
from meshtutor.providers.base import Distribution, ProxyAck

Action = Literal["created", "configured", "unchanged", "deleted", "absent", "refused"]
_TONES: Final[dict[Action, html.Tone]] = {"refused": "bad", "unchanged": "plain", "absent": "plain"}


@dataclass(frozen=True)
class Change:
    """What became of one object. `object` is what the API server stored (or what was refused or deleted)."""

    action: Action
    object: dict[str, Any]
    warnings: tuple[str, ...] = ()
    error: ApiStatusError | None = None
    origin: Origin | None = None

    @property
    def where(self) -> str:
        """`FILE:LINE` of what was refused, or of the object."""
        causes = (self.error.status.get("details") or {}).get("causes") or [{}] if self.error else [{}]
        return self.origin.where(str(causes[0].get("field", ""))) if self.origin else ""

    @property
    def name(self) -> str:
        """`VirtualService default/reviews`."""
        return title(self.object)

    @property
    def resource_version(self) -> int:
        """The store's revision of the stored object, 0 if there is none."""
        version = str(self.object["metadata"].get("resourceVersion", "0"))
        return int(version) if version.isdigit() else 0


def title(obj: dict[str, Any]) -> str:
    """`VirtualService default/reviews`; without a namespace, `Namespace shop`."""
    meta = obj["metadata"]
    return f"{obj['kind']} " + "/".join(part for part in (meta.get("namespace"), meta["name"]) if part)


@dataclass(frozen=True)
class Applied:
    """The result of `mesh.apply` and `mesh.delete`; true in a condition if every proxy took it."""

    changes: tuple[Change, ...]
    distribution: Distribution
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Nothing was refused, and every proxy concerned has acknowledged."""
        return self.distribution.complete and not self.nacks and not self.refused

    @property
    def changed(self) -> bool:
        """Whether any object is different now."""
        return any(change.action in ("created", "configured", "deleted") for change in self.changes)

    @property
    def refused(self) -> tuple[Change, ...]:
        """The objects that the API server did not take."""
        return tuple(change for change in self.changes if change.action == "refused")

    @property
    def acks(self) -> tuple[ProxyAck, ...]:
        """The proxies that have the change."""
        return self._proxies("ACK")

    @property
    def nacks(self) -> tuple[ProxyAck, ...]:
        """The proxies that rejected it; `error` is Envoy's text."""
        return self._proxies("NACK")

    @property
    def pending(self) -> tuple[ProxyAck, ...]:
        """The proxies that had not answered at the deadline."""
        return self._proxies("PENDING")

    @property
    def milliseconds(self) -> float:
        """From the store's commit until the last proxy answered."""
        return self.distribution.milliseconds

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the API server warned about, with the object's name."""
        return tuple(f"{change.name}: {warning}" for change in self.changes for warning in change.warnings)

    def __bool__(self) -> bool:
        return self.ok

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    def _proxies(self, state: str) -> tuple[ProxyAck, ...]:
        return tuple(proxy for proxy in self.distribution.proxies if proxy.state == state)

    def verdict(self) -> tuple[str, html.Tone]:
        """How the proxies took it, in one sentence, and how good that is."""
        total, took = len(self.distribution.proxies), text.milliseconds(self.milliseconds)
        if self.nacks:
            return f"{text.count(len(self.nacks), 'proxy', 'proxies')} of {total} rejected it (NACK)", "bad"
        if self.distribution.note:
            return self.distribution.note, "warn"
        if not self.distribution.complete:
            late = ", ".join(proxy.proxy for proxy in self.pending[:5]) or "no answer from the control plane"
            return f"not every proxy has acknowledged it: {late}", "warn"
        if not self.changed:
            return "nothing changed", "plain"
        if not total:
            return "no proxy is concerned by it", "plain"
        return f"{text.count(total, 'proxy', 'proxies')} acknowledged (ACK) in {took}", "good"

    def __repr__(self) -> str:
        lines = [f"{change.action:<11}{change.name}" for change in self.changes]
        lines += [f"  ! {change.error.message}" for change in self.refused if change.error]
        lines += [f"  warning: {warning}" for warning in self.warnings]
        lines += [self.verdict()[0], *(f"  {proxy.proxy}: {proxy.error}" for proxy in self.nacks)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        lines = [
            html.notice(f"{c.action} {c.name}{_why(c)}", _TONES.get(c.action, "good")) for c in self.changes
        ]
        lines += [html.notice(f"⚠ {warning}", "warn") for warning in self.warnings]
        sentence, tone = self.verdict()
        lines.append(html.notice(sentence, tone))
        lines += [html.notice(f"{proxy.proxy}: {proxy.error}", "bad") for proxy in self.nacks]
        return html.join(*lines, self._proxy_table())

    def _proxy_table(self) -> html.Html:
        if not self.distribution.proxies or not self.changed:
            return html.Html("")
        rows = (
            (p.proxy, p.state, text.milliseconds(p.milliseconds), ", ".join(p.types))
            for p in self.distribution.proxies
        )
        table = html.table(("proxy", "answer", "after", "resources"), rows, right=(2,))
        return html.Html(f"<details><summary>{html.muted('which proxies')}</summary>{table}</details>")


def _why(change: Change) -> str:
    return f": {change.error.message}" if change.error else ""


class ApplyError(MeshtutorError):
    """The API server refused at least one object; `applied` says what became of all of them."""

    def __init__(self, applied: Applied) -> None:
        first = applied.refused[0]
        assert first.error is not None
        self.applied = applied
        self.cause = first.error
        done = [f"{change.action} {change.name}" for change in applied.changes if change.action != "refused"]
        others = [f"refused {change.name}: {change.error}" for change in applied.refused[1:]]
        story = [
            first.error.hint,
            *others,
            f"of the others: {', '.join(done)}" if done else "nothing was changed",
        ]
        where = f" ({first.where})" if first.where else ""
        super().__init__(
            f"{first.name}{where} was refused: {first.error.message}", "\n".join(filter(None, story))
        )


def workloads_of(changes: Iterable[Change]) -> dict[str, set[str]]:
    """The names of applied Deployments and Pods by namespace."""
    found: dict[str, set[str]] = {}
    for change in changes:
        if change.object["kind"] in ("Deployment", "Pod") and not change.error:
            found.setdefault(change.object["metadata"]["namespace"], set()).add(
                change.object["metadata"]["name"]
            )
    return found
