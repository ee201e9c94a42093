"""The providers that a Telemetry names, against those of MeshConfig: Istio leaves out an unknown one without a word.

Source: pilot/pkg/model/telemetry.go: what `fetchProvider` does not find, or finds to be of a kind that the section has
no use for, is skipped (at most a debug message of istiod's). `istioctl analyze` has no code for it: its
IST0157 (InvalidTelemetryProvider) is about entries that name none.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

from meshtutor.embedded.istio.extension_providers import IMPLEMENTED, SECTIONS, Extension, extensions, named
from meshtutor.embedded.istio.validation.problem import Problems, each, warning
from meshtutor.kube import objects

Object = dict[str, Any]
CONFIG_MAP: Final = ("istio-system", "istio")
_THEN: Final[Mapping[str, str]] = {
    "metrics": "without another provider nothing is counted",
    "tracing": "no span is reported",
    "accessLogging": "without another provider MeshConfig's accessLogFile decides",
}


def settings(config_map: Object | None) -> Mapping[str, Any] | None:
    """MeshConfig as written; None where it is not known or cannot be read (the control plane's log says so)."""
    try:
        found = yaml.safe_load(((config_map or {}).get("data") or {})["mesh"])
    except (yaml.YAMLError, KeyError):
        return None
    return found if isinstance(found, dict) else None


def check(obj: Object, config_map: Object | None) -> Problems:
    """Warnings about names that no provider bears, or one of a kind that is of no use there."""
    for section, path, name, known in _named(obj, config_map):
        found, then = named(name, known), f"it is left out: {_THEN[section]}"
        if found is None:
            hint = f"{_meant(name, known)}{_listed(section, known)}"
            yield warning(path, f"MeshConfig has no provider {name!r}, so {then}", hint)
        elif found.kind not in SECTIONS[section]:
            kind = f"provider {found.name!r} is of kind {found.kind or 'none'}"
            yield warning(path, f"{kind}, which is not for {section}, so {then}", _listed(section, known))


def beyond_the_lab(obj: Object, config_map: Object | None) -> Problems:
    """Warnings about providers that do something in Istio, and nothing in the embedded lab."""
    for section, path, name, known in _named(obj, config_map):
        found = named(name, known)
        if found and found.kind in SECTIONS[section] and found.kind not in IMPLEMENTED:
            message = (
                f"this lab does not implement providers of kind {found.kind} yet, so {name!r} is left out"
            )
            yield warning(path, f"{message}: {_THEN[section]}", _listed(section, known))


def _named(obj: Object, config_map: Object | None) -> Iterator[tuple[str, str, str, list[Extension]]]:
    """(section, path, name, all providers) of each provider that counts: for tracing, an entry's first."""
    mesh = settings(config_map)
    try:
        known = None if mesh is None else extensions(mesh)
    except (AttributeError, KeyError, TypeError):
        known = None
    if known is None:
        return
    for section in SECTIONS:
        for path, entry in each(objects.spec(obj).get(section), f"spec.{section}"):
            listed = list(each(entry.get("providers"), f"{path}.providers"))
            for place, provider in listed[:1] if section == "tracing" else listed:
                if name := str(provider.get("name") or ""):
                    yield section, f"{place}.name", name, known


def _meant(name: str, known: list[Extension]) -> str:
    close = difflib.get_close_matches(name.lower(), [one.name.lower() for one in known], n=1)
    return f"did you mean {close[0]!r}? " if close else ""


def _listed(section: str, known: list[Extension]) -> str:
    """The providers that do for a section, then the others, each with its kind."""
    fit = [one for one in known if one.kind in SECTIONS[section]]
    unfit = [one for one in known if one not in fit]
    first = f"for {section} there is {_titles(fit)}" if fit else f"for {section} there is none"
    return f"{first}; for other purposes {_titles(unfit)}" if unfit else first


def _titles(providers: list[Extension]) -> str:
    return ", ".join(f"{one.name} ({one.kind})" for one in providers)
