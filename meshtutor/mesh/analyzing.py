"""`mesh.analyze`: the objects of the mesh (or files on top of them), judged; and how the findings are shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from meshtutor.display import html, text
from meshtutor.errors import ApiStatusError, NotFoundError
from meshtutor.kube.client import KubeClient
from meshtutor.kube.kinds import CONFIG_MAP, SECRET, Kind
from meshtutor.kube.manifests import Source
from meshtutor.mesh.provenance import Provenance

if TYPE_CHECKING:
    from meshtutor.providers.analysis import Finding

_TONES: Final[dict[str, html.Tone]] = {"error": "bad", "warning": "warn", "info": "plain"}


@dataclass(frozen=True)
class Analysis:
    """The findings, errors first; true in a condition if there is neither an error nor a warning."""

    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What Istio refuses, what Kubernetes drops, and what leads requests to nothing."""
        return tuple(one for one in self.findings if one.severity == "error")

    @property
    def codes(self) -> frozenset[str]:
        """The codes that were found, such as IST0101."""
        return frozenset(one.code for one in self.findings if one.code)

    def __bool__(self) -> bool:
        return not any(one.severity in ("error", "warning") for one in self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def lines(self) -> list[str]:
        """A finding a line (its hint on a second), and how many there are."""
        return [*map(str, self.findings), self._count()]

    def __repr__(self) -> str:
        return "\n".join(self.lines())

    def _repr_html_(self) -> str:
        return html.join(*(_notice(one) for one in self.findings), html.muted(self._count()))

    def _count(self) -> str:
        counts = [
            text.count(number, severity)
            for severity in ("error", "warning")
            if (number := sum(one.severity == severity for one in self.findings))
        ]
        return ", ".join(counts) or "No error and no warning."


def analyze(kube: KubeClient, known: Provenance, namespace: str, sources: Sequence[Source] = ()) -> Analysis:
    """Judge the rules of a mesh; with sources, those, as if they had been applied."""
    from meshtutor.providers import (
        analysis,
    )  # schemas take a moment to load: only who analyses waits for them

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda kind: _list(kube, kind), analysis.LISTED))
    world = [*(obj for found in answers for obj in found or ()), *_one(kube, *analysis.MESH_CONFIG)]
    unread = [kind for kind, found in zip(analysis.LISTED, answers, strict=True) if found is None]
    if sources:
        return Analysis(tuple(analysis.of_sources(sources, world, namespace, unread)))
    return Analysis(tuple(analysis.of_mesh(world, known.where, unread)))


def _list(kube: KubeClient, kind: Kind) -> list[dict[str, Any]] | None:
    """All objects of a kind; None for Secrets that one may not read."""
    try:
        return kube.list(kind)
    except NotFoundError:  # a real cluster may lack a kind
        return []
    except ApiStatusError as error:
        if kind is SECRET and error.code == HTTPStatus.FORBIDDEN:
            return None
        raise


def _one(kube: KubeClient, namespace: str, name: str) -> list[dict[str, Any]]:
    """A ConfigMap; none where it is not there, or not for everybody's eyes."""
    try:
        return [kube.get(CONFIG_MAP, name, namespace)]
    except ApiStatusError:
        return []


def _notice(one: Finding) -> html.Html:
    place = " ".join(part for part in (one.code, one.object, one.where or one.path) if part)
    hint = html.join(html.Html("<br>"), html.muted(one.hint)) if one.hint else ""
    sentence = f"{one.path}: {one.message}" if one.where and one.path else one.message
    return html.notice(html.join(html.muted(place), html.Html("<br>"), sentence, hint), _TONES[one.severity])
