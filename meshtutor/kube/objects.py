"""Reading Kubernetes objects: plain dicts, as in YAML, where any part may be missing.

The accessors never fail on a half-written object and never return None: an absent map reads as empty.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from meshtutor.kube.kinds import kind_of

Object = dict[str, Any]
DEFAULT_NAMESPACE = "default"


@dataclass(frozen=True, order=True)
class ObjectKey:
    """What an object is called in a cluster; its version is not part of its name."""

    group: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, obj: Mapping[str, Any], default_namespace: str = DEFAULT_NAMESPACE) -> Self:
        """The key of `obj`. A namespaced object without a namespace belongs to `default_namespace`."""
        group, _, _ = str(obj.get("apiVersion", "")).rpartition("/")
        known = kind_of(obj)
        clusterwide = known is not None and not known.namespaced
        place = "" if clusterwide else namespace(obj) or default_namespace
        return cls(group, str(obj.get("kind", "")), place, name(obj))

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def metadata(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """`metadata`, or an empty map."""
    return _map(obj.get("metadata"))


def name(obj: Mapping[str, Any]) -> str:
    """`metadata.name`, or ""."""
    return str(metadata(obj).get("name") or "")


def namespace(obj: Mapping[str, Any]) -> str:
    """`metadata.namespace`, or "" for a cluster-wide object or one that leaves it to the caller."""
    return str(metadata(obj).get("namespace") or "")


def labels(obj: Mapping[str, Any]) -> Mapping[str, str]:
    """`metadata.labels`."""
    return _map(metadata(obj).get("labels"))


def annotations(obj: Mapping[str, Any]) -> Mapping[str, str]:
    """`metadata.annotations`."""
    return _map(metadata(obj).get("annotations"))


def spec(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """`spec`."""
    return _map(obj.get("spec"))


def status(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """`status`."""
    return _map(obj.get("status"))


def controller(obj: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The ownerReference with `controller: true`, or None."""
    owners = metadata(obj).get("ownerReferences") or ()
    return next((owner for owner in owners if owner.get("controller")), None)


def condition(obj: Mapping[str, Any], type_: str) -> str:
    """The status ("True", "False", "Unknown") of a condition, or "" where it is not reported."""
    conditions = status(obj).get("conditions") or ()
    return next((str(c.get("status", "")) for c in conditions if c.get("type") == type_), "")


def age(obj: Mapping[str, Any]) -> tuple[str, str]:
    """By what Istio orders objects, the oldest first: creation time, then NAME.NAMESPACE."""
    return str(metadata(obj).get("creationTimestamp", "")), f"{name(obj)}.{namespace(obj)}"


def dig(obj: Any, path: str) -> Any:
    """The value at a field path such as `spec.http[0].route`, or None where the path ends early."""
    for step in steps(path):
        if isinstance(step, int):
            obj = obj[step] if isinstance(obj, list) and step < len(obj) else None
        else:
            obj = obj.get(step) if isinstance(obj, Mapping) else None
    return obj


def steps(path: str) -> Iterator[str | int]:
    """A field path in its steps: `http[0].match` -> "http", 0, "match".

    A key with dots in it is written in brackets, as the API server writes it:
    `metadata.labels[app.kubernetes.io/name]`.
    """
    rest = path
    while rest:
        if rest.startswith("["):
            inside, _, rest = rest[1:].partition("]")
            yield int(inside) if inside.isdigit() else inside
        else:
            end = min((at for at in (rest.find("."), rest.find("[")) if at >= 0), default=len(rest))
            step, rest = rest[:end], rest[end:]
            yield step
        rest = rest.removeprefix(".")


def join(path: str, step: str | int) -> str:
    """`path` and one step more; the inverse of `steps`."""
    if isinstance(step, int):
        return f"{path}[{step}]"
    if "." in step or "/" in step or "[" in step:
        return f"{path}[{step}]"
    return f"{path}.{step}" if path else step


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
