"""Access logs as Telemetry says: which providers, and which requests (telemetry.go, mergeLogs; core/accesslog.go).

The providers are those that the most special object names, else MeshConfig's `defaultProviders.accessLogging`. Where
that leaves none, MeshConfig's `accessLogFile` decides, as if there were no Telemetry: so `disabled: true` needs the
provider's name to mean anything, which surprises many (IST0157).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from meshtutor.embedded.istio.access_log import file_logger
from meshtutor.embedded.istio.log_moments import cel, ended, with_filters
from meshtutor.embedded.istio.mesh_config import MeshConfig
from meshtutor.embedded.istio.reporting.modes import Mode, concerns, provider_names
from meshtutor.embedded.istio.reporting.objects import Telemetry

OFF: Final = None
"""A provider that is named, and disabled."""
Wanted = Mapping[str, str | None]
"""Provider -> the CEL expression of the requests that it logs ("": all), or OFF."""


def loggers(applying: Sequence[Telemetry], mesh: MeshConfig, mode: Mode) -> list[Any]:
    """The access loggers of one side of a workload."""
    wanted = chosen(applying, mesh, mode)
    found = [
        (mesh.log_file(name), expression)
        for name, expression in sorted(wanted.items())
        if mesh.log_file(name) is not None
    ]
    if not found:
        return [_filtered(file_logger(mesh.own_log), "")] if mesh.own_log else []
    return [
        _filtered(file_logger(log), expression) for log, expression in found if log and expression is not OFF
    ]


def chosen(applying: Iterable[Telemetry], mesh: MeshConfig, mode: Mode) -> Wanted:
    """What the objects say together, the most general first."""
    levels = [one.access_logging for one in applying if one.access_logging]
    if not levels:
        return dict.fromkeys(mesh.default_logging, "")
    in_scope = _in_scope(levels, mesh, mode)
    expressions = {name: _expression(entry) for entry, name in _named(levels, mode)}
    found: dict[str, str | None] = {}
    for entry, names in _inheriting(levels, mesh.default_logging):
        if concerns(entry, mode):
            off = bool(entry.get("disabled"))
            found |= {name: OFF if off else expressions.get(name, "") for name in names if name in in_scope}
    return found


Levels = list[tuple[Mapping[str, Any], ...]]


def _in_scope(levels: Levels, mesh: MeshConfig, mode: Mode) -> set[str]:
    """The providers of the most special object that names any."""
    for level in reversed(levels):
        if names := {name for _, name in _named([level], mode)}:
            return names
    return set(mesh.default_logging)


def _named(levels: Levels, mode: Mode) -> Iterator[tuple[Mapping[str, Any], str]]:
    """(entry, provider) of the entries for this side that name providers."""
    for entry in (entry for level in levels for entry in level if concerns(entry, mode)):
        yield from ((entry, name) for name in provider_names(entry))


def _inheriting(levels: Levels, inherited: Iterable[str]) -> Iterator[tuple[Mapping[str, Any], list[str]]]:
    """Each entry with its providers; one without any has those of the entry before it."""
    names = list(inherited)
    for entry in (entry for level in levels for entry in level):
        names = provider_names(entry) or names
        yield entry, names


def _expression(entry: Mapping[str, Any]) -> str:
    return str((entry.get("filter") or {}).get("expression") or "")


def _filtered(logger: Any, expression: str) -> Any:
    return with_filters(logger, ended(), *([cel(expression)] if expression else []))
