"""ServiceEntries that are not alone with a name: whose settings hold then, and what becomes of the others.

Warnings only. Source of the rules: see `embedded.istio.registry`; of IST0177: istioctl analyze,
ConflictingServiceEntryProtocolAnalyzer. For the rest istioctl has no analyzer, so they have no code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from meshtutor.embedded.istio.hosts import resolve
from meshtutor.embedded.istio.reading import seniority
from meshtutor.embedded.istio.validation.problem import Problems, each, warning
from meshtutor.kube import objects

Object = dict[str, Any]
PROTOCOLS: Final = "IST0177"
_EVERYWHERE: Final = "*"


def check(entry: Object, others: Iterable[Object], services: Iterable[Object]) -> Problems:
    """Warnings about one ServiceEntry beside the other ServiceEntries and the Services."""
    names = {resolve(objects.name(service), _namespace(service)): service for service in services}
    rivals = list(others)
    for path, host in each(objects.spec(entry).get("hosts"), "spec.hosts"):
        if service := names.get(host):
            yield _of_service(entry, path, host, service)
            continue
        for other in rivals:
            if host in (objects.spec(other).get("hosts") or ()) and _meet(entry, other):
                yield from _protocols(entry, other, host)
                yield _of_entry(entry, other, path, host)


def unselected(entry: Object, candidates: Iterable[Object]) -> Problems:
    """A warning where a workloadSelector picks none of these pods and WorkloadEntries."""
    chosen = objects.spec(entry).get("workloadSelector")
    wanted = (chosen or {}).get("labels") or {}
    if chosen is None or any(_namespace(c) == _namespace(entry) and wanted.items() <= _labels(c).items()
                             for c in candidates):  # fmt: skip
        return
    said = ", ".join(f"{key}={value}" for key, value in wanted.items())
    message = f"no pod and no WorkloadEntry of namespace {_namespace(entry)} has the labels {said}"
    yield warning("spec.workloadSelector", message, "until one has, requests are answered with 503")


def _of_service(entry: Object, path: str, host: str, service: Object) -> Any:
    if _namespace(service) != _namespace(entry):
        return warning(path, f"{host} is a Service, which keeps its name", "this entry's host is not heard")
    shared = {port["name"] for port in objects.spec(entry).get("ports") or ()} & {
        port.get("name", "") for port in objects.spec(service).get("ports") or ()
    }
    hint = f"its endpoints are added to the Service's, for port {', '.join(sorted(shared))}; else it is not heard"
    nothing = "this entry's host is not heard: its endpoints would join those of a port with the same name"
    return warning(path, f"{host} is a Service, which keeps its name", hint if shared else nothing)


def _of_entry(entry: Object, other: Object, path: str, host: str) -> Any:
    first, second = sorted((entry, other), key=_age)
    decides = f"{'this' if first is entry else 'that'} one decides (the older, then by name)"
    title = f"ServiceEntry {_namespace(other)}/{objects.name(other)}"
    if _namespace(first) != _namespace(second):
        hint = f"clients that see both know one only: {decides}"
    else:
        hint = f"both have their endpoints in it; of resolution, location and ports {decides}"
    return warning(path, f"the {title} has the host {host}, too", hint)


def _protocols(entry: Object, other: Object, host: str) -> Problems:
    mine, theirs = _by_number(entry), _by_number(other)
    for number in sorted(mine.keys() & theirs.keys()):
        path, protocol = mine[number]
        said = theirs[number][1]
        if protocol != said:
            message = f"port {number} of {host} is {protocol} here, and {said} in {objects.name(other)}"
            hint = "requests are served as one of both: say the same in both"
            yield warning(path, message, hint, PROTOCOLS)


def _by_number(entry: Object) -> dict[int, tuple[str, str]]:
    """(path, protocol) by port."""
    ports = each(objects.spec(entry).get("ports"), "spec.ports")
    return {
        port.get("number", 0): (f"{path}.protocol", str(port.get("protocol", "")).upper())
        for path, port in ports
    }


def _meet(entry: Object, other: Object) -> bool:
    """Whether some namespace sees both."""
    mine, theirs = set(_scopes(entry)), set(_scopes(other))
    return _EVERYWHERE in mine | theirs or bool(mine & theirs)


def _scopes(entry: Object) -> Iterator[str]:
    exported = objects.spec(entry).get("exportTo") or [_EVERYWHERE]
    yield from (_namespace(entry) if name == "." else name for name in exported)


def _age(entry: Object) -> tuple[bool, tuple[str, str]]:
    """Older first; one that is about to be made has no age yet."""
    made = objects.metadata(entry).get("creationTimestamp")
    return not made, seniority({**entry, "metadata": {"namespace": "", **objects.metadata(entry)}})


def _labels(candidate: Object) -> Mapping[str, str]:
    return {**(objects.spec(candidate).get("labels") or {}), **objects.labels(candidate)}


def _namespace(obj: Object) -> str:
    return objects.namespace(obj) or objects.DEFAULT_NAMESPACE
