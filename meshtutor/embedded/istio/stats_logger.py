"""Envoy's stats access logger: counters and histograms whose labels and values are access-log operators.

One logger counts some of Istio's metrics, each as Telemetry's overrides say. Prometheus sees `envoy_istio_…`; its
relabelling takes the first word off.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.config.core.v3 import base_pb2
from envoy.extensions.access_loggers.stats.v3 import stats_pb2

from meshtutor.embedded.istio.endpoints import struct
from meshtutor.embedded.istio.reporting.metrics import Overrides
from meshtutor.embedded.istio.transport import any_of
from meshtutor.embedded.xds.wire import field_tag, repeated

UNKNOWN: Final = "unknown"
_BYTES: Final = stats_pb2.Config.Histogram.Bytes
_MILLISECONDS: Final = stats_pb2.Config.Histogram.Milliseconds
_PREFIX: Final = b"istio"
_SCOPE: Final = repeated(field_tag(6), [repeated(field_tag(5), [_PREFIX])])
"""`stats_scope {prefix: istio}` on the wire: xds-protos 1.85 does not know it yet, and `stat_prefix`, its predecessor,
costs a warning in the proxy's log with each listener (Envoy 1.39: stats.proto of the logger, type/v3/scope.proto)."""


@dataclass(frozen=True)
class Metric:
    """`name` without `istio_`; `value` is an operator, "" for one each time; without a `unit` it is a counter."""

    name: str
    value: str = ""
    unit: int | None = None


Metrics = Mapping[str, Metric]
"""By the name in Telemetry (telemetry.go, metricToPrometheusMetric)."""
REQUESTS: Final[Metrics] = {
    "REQUEST_COUNT": Metric("requests_total"),
    "REQUEST_DURATION": Metric("request_duration_milliseconds", "%DURATION%", _MILLISECONDS),
    # on the wire, headers included (istio_stats)
    "REQUEST_SIZE": Metric("request_bytes", "%DOWNSTREAM_WIRE_BYTES_RECEIVED%", _BYTES),
    "RESPONSE_SIZE": Metric("response_bytes", "%DOWNSTREAM_WIRE_BYTES_SENT%", _BYTES),
}
OPENINGS: Final[Metrics] = {"TCP_OPENED_CONNECTIONS": Metric("tcp_connections_opened_total")}
"""Counted when a connection is open."""
CONNECTIONS: Final[Metrics] = {
    "TCP_CLOSED_CONNECTIONS": Metric("tcp_connections_closed_total"),
    "TCP_SENT_BYTES": Metric("tcp_sent_bytes_total", "%BYTES_SENT%"),
    "TCP_RECEIVED_BYTES": Metric("tcp_received_bytes_total", "%BYTES_RECEIVED%"),
}
"""Counted when a connection has ended. Sent is what the client got, received what it said; of a tunnel without the
CONNECT and its answer, which Istio's clients do not need."""


def constants(*values: str) -> Any:
    """The metadata of a listener in which `first` finds the values that stand for a missing one."""
    return base_pb2.Metadata(filter_metadata={"istio": struct({value: value for value in values})})


def or_unknown(command: str, parameter: str = "") -> str:
    """What a command says, or `unknown`."""
    return first(operator(command, parameter))


def first(*operators: Mapping[str, str], otherwise: str = UNKNOWN) -> str:
    """The first of these commands that has a value, or a constant of the listener's."""
    found = [*operators, operator("METADATA", f"LISTENER:istio:{otherwise}")]
    return f"%COALESCE({json.dumps({'operators': found}, separators=(',', ':'))})%"


def operator(command: str, parameter: str = "") -> dict[str, str]:
    """A command as COALESCE takes it."""
    return {"command": command, "param": parameter} if parameter else {"command": command}


def counting(metrics: Metrics, tags: Mapping[str, str], overrides: Overrides) -> list[Any]:
    """The logger of some metrics, or none if each of them is disabled."""
    logger = stats_pb2.Config()
    for key, metric in metrics.items():
        override = overrides.get(key)
        if override is None or not override.disabled:
            _add(logger, metric, _overridden(tags, override.tags) if override else tags)
    if not logger.counters and not logger.histograms:
        return []
    logger.MergeFromString(_SCOPE)
    return [accesslog_pb2.AccessLog(name="envoy.access_loggers.stats", typed_config=any_of(logger))]


def _add(logger: Any, metric: Metric, tags: Mapping[str, str]) -> None:
    stat = stats_pb2.Config.Stat(name=metric.name, tags=_listed(tags))
    if metric.unit is not None:
        logger.histograms.add(stat=stat, unit=metric.unit, value_format=metric.value)
    elif metric.value:
        logger.counters.add(stat=stat, value_format=metric.value)
    else:
        logger.counters.add(stat=stat, value_fixed={"value": 1})


def _listed(tags: Mapping[str, str]) -> list[Any]:
    return [stats_pb2.Config.Tag(name=label, value_format=value) for label, value in sorted(tags.items())]


def _overridden(tags: Mapping[str, str], overrides: Mapping[str, str | None]) -> dict[str, str]:
    """The tags with some taken away and others set to what an expression says; "unknown" where it says nothing."""
    said = {label: or_unknown("CEL", value) for label, value in overrides.items() if value is not None}
    return {label: value for label, value in tags.items() if label not in overrides} | said
