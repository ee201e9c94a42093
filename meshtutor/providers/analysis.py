"""What is wrong or suspicious in objects: the lab's own validation, for files and for any mesh.

In order: can the YAML be read; does each object have the shape that its schema says (unknown fields, types); does
Istio's webhook take it; does it refer to what is there (codes of `istioctl analyze`). Needs no lab; a caller that has
a mesh hands its objects in as `world`.

Left out: istioctl's analyzers of Kubernetes' webhooks, of deprecated annotations and of several clusters.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any, Final, Literal

from meshtutor.embedded.apiserver.schema.builtin import built_in_schema, metadata_schema
from meshtutor.embedded.apiserver.schema.checking import check as check_shape
from meshtutor.embedded.apiserver.schema.reading import Reader
from meshtutor.embedded.crds import crd
from meshtutor.embedded.istio.validation import kinds as istio_checks
from meshtutor.embedded.istio.validation import providers, references, unsupported
from meshtutor.embedded.istio.validation.problem import Problem
from meshtutor.errors import LabError, ManifestError
from meshtutor.kube import kinds, manifests, naming, objects
from meshtutor.kube.kinds import Kind
from meshtutor.kube.manifests import Source
from meshtutor.kube.objects import ObjectKey

Object = dict[str, Any]
Severity = Literal["error", "warning", "info"]
Where = Callable[[Mapping[str, Any], str], str]
SCHEMA: Final = "IST0106"
NOT_INJECTED: Final = "IST0103"
LISTED: Final = (*kinds.RULES, kinds.SERVICE, kinds.POD, kinds.DEPLOYMENT, kinds.NAMESPACE,
                 kinds.SECRET)  # fmt: skip
"""The kinds that `world` should hold; Secrets are left out where one may not read them (`unread`)."""
MESH_CONFIG: Final = providers.CONFIG_MAP
"""Namespace and name of the ConfigMap that `world` should hold beside them; without it nobody knows the providers."""
_LEVELS: Final[Mapping[str, Severity]] = {
    "IST0101": "error",
    "IST0109": "error",
    "IST0110": "error",
    "IST0111": "error",
    "IST0112": "error",
    "IST0131": "info",
    "IST0159": "error",
    "IST0160": "error",
    "IST0173": "error",
}
"""Where istioctl's level (pkg/config/analysis/msg/messages.yaml) is not a warning."""
_ORDER: Final = ("error", "warning", "info")


@dataclass(frozen=True)
class Finding:
    """One finding; `code` is istioctl analyze's where it has one, `where` FILE:LINE where a file is known."""

    severity: Severity
    object: str
    path: str
    message: str
    hint: str = ""
    code: str = ""
    where: str = ""

    def to_dict(self) -> dict[str, str]:
        """Plain data for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        about = f"({self.object}) " if self.object else ""
        code = f" [{self.code}]" if self.code else ""
        place = f"{self.where}: " if self.where else ""
        hint = f"\n    → {self.hint}" if self.hint else ""
        return f"{self.severity}{code} {about}{place}{_described(self.path, self.message)}{hint}"


def of_sources(
    sources: Sequence[Source],
    world: Iterable[Object] = (),
    namespace: str = "default",
    unread: Collection[Kind] = (),
) -> list[Finding]:
    """Findings about objects in files, among themselves and with those of a mesh that is there."""
    found: list[Finding] = []
    read: list[Object] = []
    places: dict[int, manifests.Origin] = {}
    for source in sources:
        try:
            loaded = manifests.load(source)
        except ManifestError as error:
            found.append(Finding("error", "", "", error.message, error.hint))
            continue
        for obj, origin in zip(loaded, loaded.origins, strict=True):
            read.append(_placed(naming.localized(obj, namespace), namespace))
            places[id(read[-1])] = origin

    def where(obj: Mapping[str, Any], path: str) -> str:
        return places[id(obj)].where(path)

    given = {ObjectKey.of(obj, namespace) for obj in read}
    others = [obj for obj in world if ObjectKey.of(obj, namespace) not in given]
    return _sorted([*found, *_twice(read, where, namespace), *_all(read, others, where, unread)])


def of_mesh(world: Iterable[Object], where: Where, unread: Collection[Kind] = ()) -> list[Finding]:
    """Findings about the Istio objects of a mesh, and about pods that have no proxy although they should."""
    there = list(world)
    rules = [obj for obj in there if kinds.kind_of(obj, kinds.RULES)]
    others = [obj for obj in there if not kinds.kind_of(obj, kinds.RULES)]
    return _sorted([*_all(rules, others, where, unread), *_without_proxy(there)])


def seen_partly(namespaces: Sequence[str], hidden: Sequence[Kind]) -> Finding:
    """That this user may not read the whole cluster, so that what lies elsewhere counts as not there."""
    kinds_ = ", ".join(kind.plural for kind in hidden)
    message = f"only {', '.join(namespaces)} could be read; what lies in other namespaces counts as not there"
    return Finding("info", "", "", message, f"whoever runs the cluster can let you list {kinds_} everywhere")


def _all(
    judged: Sequence[Object], others: Sequence[Object], where: Where, unread: Collection[Kind]
) -> Iterator[Finding]:
    shapes = [(obj, *_shape(obj, where)) for obj in judged]
    sound = [(obj, copy) for obj, copy, _ in shapes if copy is not None]
    for _, _, found in shapes:
        yield from found
    for obj, copy in sound:
        yield from (_finding(obj, problem, where) for problem in istio_checks.check(copy))
        yield from _beyond_the_lab(obj, copy, where)
    world = references.World.of(lambda kind: _of_kind(kind, (*(copy for _, copy in sound), *others)))
    world = replace(world, secrets=None) if kinds.SECRET in unread else world
    # a missing subset is told once, where it is asked for: of DestinationRules only what unjudged rules miss
    unjudged = replace(world, virtual_services=_of_kind(kinds.VIRTUAL_SERVICE, others))
    for obj, copy in sound:
        around = unjudged if obj["kind"] == "DestinationRule" else world
        yield from (_finding(obj, problem, where) for problem in references.check(copy, around))


def _shape(obj: Object, where: Where) -> tuple[Object | None, list[Finding]]:
    """The object as its schema reads it (None where a type is wrong), and what is wrong with it."""
    kind = kinds.kind_of(obj)
    if kind is None:
        return None, [_unknown_kind(obj, where)]
    custom = kind in kinds.RULES
    code = SCHEMA if custom else ""
    reader = Reader(defaults=False, custom=custom)
    copy: Object = reader.read(obj, schema := _schema(kind))
    hint = "Kubernetes drops it: check the spelling and the indentation"
    unknown = [Finding("error", _title(obj), path, "unknown field", hint, code, where(obj, path))
               for path in reader.unknown]  # fmt: skip
    wrong = [Finding("error", _title(obj), error.path, error.message, "", code, where(obj, error.path))
             for error in check_shape(copy, schema)]  # fmt: skip
    return None if wrong else copy, [*unknown, *wrong]


def _beyond_the_lab(obj: Object, copy: Object, where: Where) -> Iterator[Finding]:
    for problem in unsupported.check(copy) if kinds.kind_of(obj, kinds.RULES) else ():
        message = f"{problem.message} (the embedded lab's limit, not Istio's)"
        yield Finding("info", _title(obj), problem.path, message, problem.hint, "", where(obj, problem.path))


def _finding(obj: Object, problem: Problem, where: Where) -> Finding:
    code = problem.code or (SCHEMA if problem.severity == "error" else "")
    level: Severity = _LEVELS.get(problem.code, problem.severity)
    place = where(obj, problem.path)
    return Finding(level, _title(obj), problem.path, problem.message, problem.hint, code, place)


def _unknown_kind(obj: Object, where: Where) -> Finding:
    named = [kind.api_version for kind in kinds.ALL if kind.kind == obj.get("kind")]
    hint = f"{obj.get('kind')} has apiVersion: {' or '.join(named)}" if named else ""
    message = f"no check for kind {obj.get('kind')!r} in apiVersion {obj.get('apiVersion')!r}"
    return Finding("error" if named else "info", _title(obj), "apiVersion", message, hint, "",
                   where(obj, "apiVersion"))  # fmt: skip


def _twice(read: Sequence[Object], where: Where, namespace: str) -> Iterator[Finding]:
    seen: dict[ObjectKey, Object] = {}
    for obj in read:
        first = seen.setdefault(ObjectKey.of(obj, namespace), obj)
        if first is not obj:
            message = f"the same object stands in {where(first, '')}, too; the last one applied holds"
            yield Finding(
                "warning", _title(obj), "metadata.name", message, "", "", where(obj, "metadata.name")
            )


def _without_proxy(there: Sequence[Object]) -> Iterator[Finding]:
    """Pods of an injected namespace that were made before it was labelled (PodMissingProxy)."""
    injected = {objects.name(obj) for obj in _of_kind(kinds.NAMESPACE, there)
                if objects.labels(obj).get("istio-injection") == "enabled"}  # fmt: skip
    for pod in _of_kind(kinds.POD, there):
        declined = {**objects.annotations(pod), **objects.labels(pod)}.get(
            "sidecar.istio.io/inject"
        ) == "false"
        spec = objects.spec(pod)
        containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
        has_proxy = any(container["name"] == "istio-proxy" for container in containers)
        if objects.namespace(pod) in injected and not declined and not has_proxy:
            message = "the pod is missing the Istio proxy: no rule holds for what it sends"
            hint = "kubectl rollout restart deployment, or mesh.restart(): a proxy comes with a new pod"
            yield Finding("warning", _title(pod), "", message, hint, NOT_INJECTED)


@cache
def _schema(kind: Kind) -> Mapping[str, Any]:
    if kind not in kinds.RULES:
        try:
            return built_in_schema(kind)
        except LabError:  # a kind that the official client has no model of
            return {"x-kubernetes-preserve-unknown-fields": True}
    schema = crd(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    text = {"type": "string"}
    root = {"apiVersion": text, "kind": text, "metadata": metadata_schema()}
    return {**schema, "properties": {**root, **schema["properties"]}}


def _placed(obj: Object, namespace: str) -> Object:
    """The object in the namespace that it would be applied to."""
    kind = kinds.kind_of(obj)
    if kind is None or not kind.namespaced or objects.namespace(obj):
        return obj
    return {**obj, "metadata": {**obj["metadata"], "namespace": namespace}}


def _of_kind(kind: Kind, there: Iterable[Object]) -> list[Object]:
    return [obj for obj in there if kinds.kind_of(obj) == kind]


def _sorted(found: Iterable[Finding]) -> list[Finding]:
    """Errors first, then by object; within an object by file and line."""

    def key(one: Finding) -> tuple[int, str, str, int]:
        file, _, line = one.where.rpartition(":")
        return _ORDER.index(one.severity), one.object, file, int(line) if line.isdigit() else 0

    return sorted(dict.fromkeys(found), key=key)


def _title(obj: Object) -> str:
    return str(ObjectKey.of(obj))


def _described(path: str, message: str) -> str:
    return f"{path}: {message}" if path else message
