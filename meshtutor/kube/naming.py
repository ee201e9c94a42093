"""The names in the study's YAML, for learners who share a cluster.

The study is written for one learner, in the namespace `default`, whose lessons put three more namespaces beside it, and
one Gateway into Istio's. Where the learner's own namespace is another one, as in a class, these names are read as
theirs: `default` is their namespace, `outside` is `student-07-outside`. So the same files, solutions and answers hold
for everybody, and nobody gets in another's way. What `mesh.apply` returns has the names as they are in the cluster.

Left out: what is no reference of Istio's or the Gateway API's (an environment variable, a host such as
`reviews.default` without `.svc`), and files that `kubectl apply` reads.
"""

from __future__ import annotations

import re
from typing import Any, Final

Object = dict[str, Any]
STUDY: Final = "default"  # the namespace that the study is written for
BESIDE: Final = ("outside", "partner", "marketing")
ROOT: Final = "istio-system"
IN_ROOT: Final = ("front",)  # what a lesson applies to Istio's own namespace under a name of its own
_LISTS: Final = ("exportTo", "namespaces", "notNamespaces")  # of namespaces
_NAMES: Final = "|".join((STUDY, *BESIDE))
# in reviews.default.svc.cluster.local, and in cluster.local/ns/default/sa/client
_INSIDE: Final = re.compile(rf"(?<=\.)({_NAMES})(?=\.svc(?:\.|$))|(?<=/ns/)({_NAMES})(?=/)")
# in partner/api.partner.example (`hosts` of a Sidecar or Gateway) and in NAMESPACE/NAME (`gateways`)
_BEFORE: Final = re.compile(rf"^({_NAMES})(?=/)")


def own_name(name: str, namespace: str) -> str:
    """What the study calls `name`, as a learner in `namespace` has it."""
    if namespace == STUDY or name not in (STUDY, *BESIDE, *IN_ROOT):
        return name
    return namespace if name == STUDY else f"{namespace}-{name}"


def localized(obj: Object, namespace: str) -> Object:
    """The object with the study's names read as this learner's; the same object where they are the same."""
    if namespace == STUDY:
        return obj
    meta = _read(obj["metadata"], "", namespace)
    if obj["kind"] == "Namespace" and meta["name"] in BESIDE:
        meta = {**meta, "name": own_name(meta["name"], namespace)}
    found = {**obj, "metadata": meta}
    return {**found, "spec": _read(obj["spec"], "", namespace)} if "spec" in obj else found


def _read(value: Any, key: str, namespace: str) -> Any:
    if isinstance(value, dict):
        found = {name: _read(part, name, namespace) for name, part in value.items()}
        if value.get("namespace") == ROOT and value.get("name") in IN_ROOT:
            found["name"] = own_name(value["name"], namespace)
        return found
    if isinstance(value, list):
        return [_read(part, key, namespace) for part in value]
    return _text(value, key, namespace) if isinstance(value, str) else value


def _text(value: str, key: str, namespace: str) -> str:
    if key == "namespace" or key in _LISTS:
        return own_name(value, namespace)
    if key in ("hosts", "gateways"):
        value = _BEFORE.sub(lambda found: own_name(found[0], namespace), value)
    return _INSIDE.sub(lambda found: own_name(found[0], namespace), value)
