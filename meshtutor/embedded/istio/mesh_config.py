"""MeshConfig: the mesh-wide settings in ConfigMap `istio` of istio-system, key `mesh`.

Defaults: Istio's pkg/config/mesh/mesh.go. Read here are the fields that the control plane honours; Istio ignores
unknown ones too. `pilotDebounceAfter` is no field of Istio's: there it is istiod's variable PILOT_DEBOUNCE_AFTER
(100 ms). Here it is 0, as changes come from people and not from thousands of services.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from meshtutor.embedded.istio.extension_providers import (
    IMPLEMENTED,
    PROMETHEUS,
    TRACERS,
    Extension,
    extensions,
)
from meshtutor.embedded.istio.log_files import BUILT_IN, STDOUT, LogFile, log_file_of, mesh_log
from meshtutor.embedded.istio.log_files import KIND as FILE
from meshtutor.embedded.istio.reading import Object, seconds
from meshtutor.embedded.istio.tracing_providers import Provider, provider_of
from meshtutor.embedded.istio.validation import load_balancer
from meshtutor.errors import MeshtutorError

log = logging.getLogger("meshtutor.pilot")

ROOT_NAMESPACE: Final = "istio-system"
CONFIG_MAP_KEY: Final = (ROOT_NAMESPACE, "istio")
DOMAIN: Final = "cluster.local"
_LEAST_REFRESH: Final = 0.001
SAMPLING: Final = 1.0
"""Percent of requests that are traced when nothing else is said (PILOT_TRACE_SAMPLING)."""


@dataclass(frozen=True)
class MeshConfig:
    """The settings; times in seconds."""

    allow_any: bool = True
    auto_mtls: bool = True
    trust_domain: str = "cluster.local"
    own_log: LogFile | None = None
    connect_timeout: float = 10.0
    dns_refresh: float = 60.0
    debounce: float = 0.0
    default_retries: str = ""
    enable_tracing: bool = True
    sampling: float = SAMPLING
    tracers: tuple[Provider, ...] = ()
    default_tracing: tuple[str, ...] = ()
    log_files: tuple[tuple[str, LogFile], ...] = ((BUILT_IN, LogFile(STDOUT)),)
    default_logging: tuple[str, ...] = ()
    prometheus: tuple[str, ...] = (PROMETHEUS,)
    default_metrics: tuple[str, ...] = (PROMETHEUS,)
    locality: dict[str, Any] = field(default_factory=dict, hash=False)

    def tracer(self, name: str) -> Provider | None:
        """The tracing provider of a name, in whatever case (telemetry.go, fetchProvider)."""
        return next((one for one in self.tracers if one.name.lower() == name.lower()), None)

    def log_file(self, name: str) -> LogFile | None:
        """The file that the logging provider of a name writes to."""
        return next((log for own, log in self.log_files if own.lower() == name.lower()), None)

    def counts(self, name: str) -> bool:
        """Whether the provider of a name is a Prometheus."""
        return any(own.lower() == name.lower() for own in self.prometheus)


DEFAULT: Final = MeshConfig()


def parse(config_map: Object | None) -> MeshConfig:
    """The settings of the ConfigMap; the defaults where it is absent or cannot be read (said in the log)."""
    if config_map is None:
        return DEFAULT
    try:
        data = yaml.safe_load((config_map.get("data") or {}).get("mesh") or "") or {}
        return _read(data)
    except (yaml.YAMLError, MeshtutorError, AttributeError, TypeError) as error:
        log.warning(
            "ConfigMap istio-system/istio, key mesh, cannot be read; Istio's defaults apply: %s", error
        )
        return DEFAULT


def _read(data: dict[str, Any]) -> MeshConfig:
    if data.get("zoneAwareLbSetting") is not None:
        log.warning("MeshConfig: zoneAwareLbSetting is not implemented here: localityLbSetting holds alone.")
    providers, defaults = extensions(data), data.get("defaultProviders") or {}
    _name_unimplemented(providers)
    return MeshConfig(
        allow_any=(data.get("outboundTrafficPolicy") or {}).get("mode", "ALLOW_ANY") != "REGISTRY_ONLY",
        auto_mtls=bool(data.get("enableAutoMtls", True)),
        trust_domain=str(data.get("trustDomain") or DOMAIN),
        own_log=_own_log(data),
        connect_timeout=seconds(str(data.get("connectTimeout", "10s"))),
        dns_refresh=_refresh(str(data.get("dnsRefreshRate", "60s"))),
        debounce=seconds(str(data.get("pilotDebounceAfter", "0s"))),
        default_retries=yaml.safe_dump(data["defaultHttpRetryPolicy"])
        if data.get("defaultHttpRetryPolicy")
        else "",
        enable_tracing=bool(data.get("enableTracing", True)),
        sampling=float(((data.get("defaultConfig") or {}).get("tracing") or {}).get("sampling", SAMPLING)),
        tracers=tuple(_tracers(providers)),
        default_tracing=tuple(defaults.get("tracing") or ()),
        log_files=tuple(
            (one.name, log_file_of(one.name, one.settings, data)) for one in providers if one.kind == FILE
        ),
        default_logging=tuple(defaults.get("accessLogging") or ()),
        prometheus=tuple(one.name for one in providers if one.kind == PROMETHEUS),
        default_metrics=tuple(defaults.get("metrics", (PROMETHEUS,))),
        locality=_locality(data.get("localityLbSetting") or {}),
    )


def _refresh(text: str) -> float:
    """How often names are looked up where the answer has no TTL; Envoy takes no less than a millisecond."""
    rate = seconds(text)
    if rate <= _LEAST_REFRESH:
        raise MeshtutorError(
            f"dnsRefreshRate: {text} is too short.", "Write it as 60s, which is the default."
        )
    return rate


def _locality(setting: dict[str, Any]) -> dict[str, Any]:
    """The mesh's default order of places; one that is wrong in itself makes the whole unreadable, as in Istio."""
    for problem in load_balancer.locality(setting, "localityLbSetting", detects=True):
        raise MeshtutorError(f"{problem.path}: {problem.message}")
    return setting


def _own_log(data: dict[str, Any]) -> LogFile | None:
    """`accessLogFile` and its neighbours: what is logged when no Telemetry says otherwise."""
    return mesh_log(str(data["accessLogFile"]), data) if data.get("accessLogFile") else None


def _tracers(providers: Iterable[Extension]) -> Iterator[Provider]:
    """The tracing providers that work here; one that does not is named in the log."""
    for one in providers:
        if one.kind in TRACERS:
            try:
                yield provider_of(one.entry)
            except MeshtutorError as error:
                log.warning("MeshConfig: %s", error)


def _name_unimplemented(providers: Iterable[Extension]) -> None:
    for one in providers:
        if one.kind not in IMPLEMENTED:
            log.warning(
                "MeshConfig: extension provider %r is of kind %s, which is not implemented here; there are %s.",
                one.name, one.kind or "nothing", ", ".join(sorted(IMPLEMENTED)),
            )  # fmt: skip
