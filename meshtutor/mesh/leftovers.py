"""What a lesson left behind: rules and workloads in the learner's namespace, rules and namespaces elsewhere.

In the learner's own namespace everything that people wrote counts; elsewhere only what is labelled as made in one of
this learner's lessons.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from meshtutor.kube import kinds, objects, reach
from meshtutor.kube.client import FIELD_MANAGER, KubeClient
from meshtutor.kube.kinds import Kind
from meshtutor.mesh import applying

Object = dict[str, Any]
Named = tuple[str, str, str]
"""Group, kind and name of an object of the learner's namespace."""
ROOT_NAMESPACE: Final = "istio-system"
KINDS: Final = (*kinds.RULES, *kinds.WORKLOADS)
"""What a survey lists, so that a learner has to be allowed to."""
_PEOPLE: Final = (FIELD_MANAGER, "kubectl")


def named(obj: Object) -> Named:
    """What tells objects of a namespace apart; Istio and the Gateway API both have a kind Gateway."""
    return obj["apiVersion"].partition("/")[0], obj["kind"], obj["metadata"]["name"]


def survey(kube: KubeClient, namespace: str) -> list[Object]:
    """All rules and workloads of a namespace, as they are stored."""
    return _list(kube, KINDS, namespace)


def foreign(there: Iterable[Object], keep: set[Named]) -> list[Object]:
    """Of a survey, what has to go: rules, and workloads that people applied; never what the cluster made.

    A rule to keep goes, too, if others wrote it: applying ours would leave the fields that theirs has and ours has not.
    But not one with the label by which `meshtutor down` finds it, for that would be lost.
    """
    return [obj for obj in there if _has_to_go(obj, kept=named(obj) in keep)]


def root_rules(kube: KubeClient, namespace: str) -> list[Object]:
    """Rules for the whole mesh that a lesson of this learner applied."""
    return _list(kube, kinds.RULES, ROOT_NAMESPACE, _labels_of_lessons(namespace))


def namespaces(kube: KubeClient, namespace: str) -> list[Object]:
    """Namespaces that a lesson of this learner applied; never another learner's."""
    made = kube.list(kinds.NAMESPACE, labels=_labels_of_lessons(namespace))
    return [obj for obj in made if obj["metadata"]["name"] not in (namespace, ROOT_NAMESPACE)]


def _labels_of_lessons(namespace: str) -> str:
    return f"{applying.MANAGED_BY}={FIELD_MANAGER},{applying.LESSON_OF}={namespace}"


def _list(kube: KubeClient, wanted: tuple[Kind, ...], namespace: str, labels: str = "") -> list[Object]:
    # on a shared cluster a learner may not look into the root namespace, and then wrote nothing there
    look = reach.list_if_shown if namespace == ROOT_NAMESPACE else reach.list_in
    with ThreadPoolExecutor(8) as threads:
        found = threads.map(lambda kind: look(kube, kind, namespace, labels), wanted)
        return [obj for listed in found for obj in listed]


def _has_to_go(obj: Object, *, kept: bool) -> bool:
    if _is_rule(obj):
        return not kept or (not _is_marked(obj) and set(_authors(obj)) - {FIELD_MANAGER} != set())
    return not kept and not obj["metadata"].get("ownerReferences") and _is_by_people(obj)


def _is_marked(obj: Object) -> bool:
    return objects.labels(obj).get(applying.MANAGED_BY) == FIELD_MANAGER


def _is_rule(obj: Object) -> bool:
    return kinds.kind_of(obj, kinds.RULES) is not None


def _is_by_people(obj: Object) -> bool:
    return any(manager.startswith(_PEOPLE) for manager in _authors(obj))


def _authors(obj: Object) -> list[str]:
    """The field managers that wrote more than its status."""
    entries = obj["metadata"].get("managedFields", ())
    return [str(entry.get("manager", "")) for entry in entries if entry.get("subresource") != "status"]
