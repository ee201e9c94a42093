"""Objects of a kind that choose pods by labels: those of which only one counts, and those that choose nobody.

Source: Istio's pkg/config/analysis/analyzers/sidecar (SelectorAnalyzer) and analyzers/telemetry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from meshtutor.embedded.istio.validation.problem import Problems, warning
from meshtutor.kube import objects

Object = dict[str, Any]
NOT_FOUND: Final = "IST0101"
OLDEST: Final = "the oldest of them holds, the others are ignored"


@dataclass(frozen=True)
class Rivalry:
    """Where a kind has its selector and the labels in it, what it is called, the analyzers' codes, and a hint.

    `shared` says what becomes of pods that several objects choose.
    """

    selector: str
    labels: str
    plural: str
    same_pods: str
    same_namespace: str
    shared: str

    def check(self, obj: Object, others: Iterable[Object], pods: Iterable[Object]) -> Problems:
        """Warnings about one object, as it stands among all of its kind (it may or may not be one of `others`)."""
        near = [one for one in others if _is_near(one, obj)]
        if not (wanted := self._labels(obj)):
            yield from self._several_for_all(obj, near)
            return
        mine = [pod for pod in pods if self._chooses(obj, pod)]
        if not mine:
            named = ",".join(f"{key}={value}" for key, value in sorted(wanted.items()))
            yield warning(self.selector, f"the selector {named} chooses no pod", "", NOT_FOUND)
        rivals = [one for one in near if self._labels(one) and any(self._chooses(one, pod) for pod in mine)]
        if rivals:
            message = f"{_names(rivals)} selects pods that this one selects, too"
            yield warning(self.selector, message, self.shared, self.same_pods)

    def _several_for_all(self, obj: Object, near: Iterable[Object]) -> Problems:
        if rivals := [one for one in near if not self._labels(one)]:
            where = f"namespace {objects.namespace(obj)} has other {self.plural} without a selector"
            yield warning("spec", f"{where}: {_names(rivals)}", OLDEST, self.same_namespace)

    def _labels(self, obj: Object) -> Mapping[str, str]:
        return objects.dig(obj, self.labels) or {}

    def _chooses(self, obj: Object, pod: Object) -> bool:
        same = objects.namespace(pod) == objects.namespace(obj)
        return same and self._labels(obj).items() <= objects.labels(pod).items()


def _is_near(one: Object, obj: Object) -> bool:
    """Whether it is another object of the same namespace."""
    return objects.namespace(one) == objects.namespace(obj) and objects.name(one) != objects.name(obj)


def _names(found: Iterable[Object]) -> str:
    return ", ".join(sorted(objects.name(one) for one in found))


SIDECARS: Final = Rivalry(
    "spec.workloadSelector", "spec.workloadSelector.labels", "Sidecars", "IST0110", "IST0111",
    f"for those pods {OLDEST}",
)  # fmt: skip
