"""Where pods run: the region and zone of their nodes, as Istio takes a pod's locality from them.

Labels: https://kubernetes.io/docs/reference/labels-annotations-taints/#topologykubernetesioregion; how Istio reads
them: https://istio.io/latest/docs/tasks/traffic-management/locality-load-balancing/before-you-begin/.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from meshtutor.display import html, text
from meshtutor.traffic.outcome import Outcome
from meshtutor.traffic.tally import NONE, Tally

REGION: Final = "topology.kubernetes.io/region"
ZONE: Final = "topology.kubernetes.io/zone"
_HEADINGS: Final = ("pod", "region", "zone", "node")


@dataclass(frozen=True)
class Place:
    """Where a pod runs; "" for what its node is not labelled with."""

    region: str
    zone: str
    node: str
    version: str = ""


class Places(Mapping[str, Place]):
    """The places of pods by the pods' names; printing gives a table. `regions` are all that the nodes are in."""

    def __init__(self, places: Mapping[str, Place], regions: Iterable[str] = ()) -> None:
        self._places = dict(sorted(places.items(), key=lambda pair: (pair[1].region, pair[0])))
        self.regions = tuple(sorted({*regions, *(place.region for place in places.values())} - {""}))

    def pods(self, region: str) -> list[str]:
        """The pods of a region."""
        return [pod for pod, place in self._places.items() if place.region == region]

    def count(self, outcomes: Iterable[Outcome]) -> Tally:
        """Answers (those of a Report, say) by the region of the pod that gave them; `none` where no pod did."""
        regions = (self._places[o.pod].region if o.pod in self._places else NONE for o in outcomes)
        return Tally(dict(Counter(regions)), "region")

    def __getitem__(self, pod: str) -> Place:
        return self._places[pod]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def _rows(self) -> list[tuple[str, str, str, str]]:
        return [(pod, place.region, place.zone, place.node) for pod, place in self._places.items()]

    def __repr__(self) -> str:
        return text.columns([tuple(name.upper() for name in _HEADINGS), *self._rows()], indent="")

    def _repr_html_(self) -> str:
        return html.table(_HEADINGS, self._rows())


def places_of(pods: Iterable[Mapping[str, Any]], nodes: Iterable[Mapping[str, Any]]) -> Places:
    """The places of pods that have a node and are not being deleted."""
    labels = {node["metadata"]["name"]: node["metadata"].get("labels") or {} for node in nodes}
    found = {
        pod["metadata"]["name"]: _place(pod, labels.get(pod["spec"]["nodeName"], {}))
        for pod in pods
        if pod["spec"].get("nodeName") and not pod["metadata"].get("deletionTimestamp")
    }
    return Places(found, (node.get(REGION, "") for node in labels.values()))


def _place(pod: Mapping[str, Any], node: Mapping[str, str]) -> Place:
    version = (pod["metadata"].get("labels") or {}).get("version", "")
    return Place(node.get(REGION, ""), node.get(ZONE, ""), pod["spec"]["nodeName"], version)
