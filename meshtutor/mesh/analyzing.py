"""`mesh.analyze`: the objects of the mesh (or files on top of them), judged; and how the findings are shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from meshtutor.display import html, text
from meshtutor.errors import ApiStatusError
from meshtutor.kube import reach
from meshtutor.kube.client import KubeClient
from meshtutor.kube.kinds import CONFIG_MAP, SECRET
from meshtutor.kube.manifests import Source
from meshtutor.kube.sidecars import ROOT
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


def analyze(
    kube: KubeClient,
    known: Provenance,
    namespace: str,
    sources: Sequence[Source] = (),
    around: Iterable[str] = (),
) -> Analysis:
    """Judge the rules of a mesh; with sources, those, as if they had been applied.

    Where the whole cluster may not be read, the namespace is, with Istio's and those `around` it; a finding says so.
    """
    from meshtutor.providers import (
        analysis,
    )  # schemas take a moment to load: only who analyses waits for them

    with ThreadPoolExecutor(8) as threads:
        places = tuple(dict.fromkeys((namespace, *around, ROOT)))
        answers = threads.map(lambda kind: reach.list_everywhere(kube, kind, places), analysis.LISTED)
        listed = dict(zip(analysis.LISTED, answers, strict=True))
    world = [*(obj for found, _ in listed.values() for obj in found), *_one(kube, *analysis.MESH_CONFIG)]
    partly = [kind for kind, (_, whole) in listed.items() if not whole]
    unread = [kind for kind in partly if kind is SECRET]  # what is not seen is not missing
    if sources:
        found = analysis.of_sources(sources, world, namespace, unread)
    else:
        found = analysis.of_mesh(world, known.where, unread)
    shown = [kind for kind in partly if kind is not SECRET and kind.namespaced]
    return Analysis((*found, *([analysis.seen_partly(places, shown)] if shown else [])))


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
