"""Whose requests nobody counts because a Telemetry says so, asked of the Kubernetes API.

What is off: `istio_requests_total` of both sides of a workload, by `overrides[].disabled`, or by a provider that
MeshConfig does not have or that is no Prometheus, which Istio leaves out without a word. Source: see
`kube.telemetries`; MeshConfig's providers: istio/istio, pkg/config/mesh/mesh.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import yaml

from meshtutor.errors import ApiStatusError
from meshtutor.kube import objects, reach, telemetries
from meshtutor.kube.client import KubeClient
from meshtutor.kube.kinds import CONFIG_MAP, TELEMETRY
from meshtutor.telemetry.graph.standing import Workload

Object = dict[str, Any]
_COUNT: Final = "REQUEST_COUNT"
_PROMETHEUS: Final = "prometheus"
_MESH: Final = "istio"


def reasons(kube: KubeClient, workloads: Iterable[Workload]) -> dict[Workload, str]:
    """Why a workload's proxies count no requests; who counts is not in it, nor what may not be read."""
    asked = list(workloads)
    if not asked:
        return {}
    places = dict.fromkeys((telemetries.ROOT, *(workload.namespace for workload in asked)))
    found = [one for place in places for one in reach.look(kube, TELEMETRY, place) or ()]
    providers = _providers(kube) if found else None
    said = {workload: _reason(workload, found, providers) for workload in asked}
    return {workload: reason for workload, reason in said.items() if reason}


def _reason(workload: Workload, found: Iterable[Object], providers: Mapping[str, str] | None) -> str:
    """The first object from which on nothing is counted, whatever the more special ones say."""
    applying = telemetries.applying(found, telemetries.claim_of, workload.namespace, dict(workload.labels))
    guilty: Object | None = None
    for number, one in enumerate(applying, 1):
        silent = _silent(applying[:number], workload, _counting(providers))
        guilty = (guilty or one) if silent else None
    if guilty is None:
        return ""
    title = f"Telemetry {objects.namespace(guilty)}/{objects.name(guilty)}"
    if not _silent(applying, workload, lambda _: True):
        named = [name for entry in _entries([guilty]) for name in telemetries.provider_names(entry)]
        wrong = ", ".join(dict.fromkeys(name for name in named if not _counting(providers)(name)))
        return f"{title} names the provider {wrong}, which counts nothing: {_known(providers)}"
    return f"{title} switches the metrics off"


def _silent(applying: Iterable[Object], workload: Workload, counts: Callable[[str], bool]) -> bool:
    modes: tuple[telemetries.Mode, ...] = ("CLIENT",) if workload.gateway else ("CLIENT", "SERVER")
    entries = _entries(applying)
    said = [telemetries.counted(entries, (_PROMETHEUS,), counts, mode, (_COUNT,)) for mode in modes]
    return all(one is None or (_COUNT in one and one[_COUNT].disabled) for one in said)


def _entries(applying: Iterable[Object]) -> list[Mapping[str, Any]]:
    return [entry for one in applying for entry in objects.spec(one).get("metrics") or ()]


def _counting(providers: Mapping[str, str] | None) -> Callable[[str], bool]:
    """Whether a provider is a Prometheus; of a mesh that may not be read each is believed to be one."""
    if providers is None:
        return lambda _: True
    return lambda name: providers.get(name.lower()) == _PROMETHEUS


def _known(providers: Mapping[str, str] | None) -> str:
    names = [name for name, kind in (providers or {}).items() if kind == _PROMETHEUS]
    return f"for metrics MeshConfig has {', '.join(names) or 'none'}"


def _providers(kube: KubeClient) -> Mapping[str, str] | None:
    """The kind of each of MeshConfig's providers; None where it may not be read, or cannot."""
    try:
        data = objects.dig(kube.get(CONFIG_MAP, _MESH, telemetries.ROOT), "data.mesh")
        entries = yaml.safe_load(data or "").get("extensionProviders") or ()
        own = {str(one["name"]).lower(): next((key for key in one if key != "name"), "") for one in entries}
    except (ApiStatusError, yaml.YAMLError, AttributeError, KeyError, TypeError):
        return None
    return {_PROMETHEUS: _PROMETHEUS, **own}
