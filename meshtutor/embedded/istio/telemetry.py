"""Istio's standard metrics, counted by Envoy itself with the stats access logger.

Names and labels: istio.io, "Istio Standard Metrics"; istio/proxy's istio_stats filter, which a stock Envoy lacks.
Every request is counted twice, as in Istio: by the client's proxy (`reporter="source"`) and by the server's
(`reporter="destination"`). Where a label's value comes from:

- one's own side is known when the listener is built, and stands there as text;
- the other side, seen by the client: the metadata of the endpoint that was chosen (see `endpoints.peer_fields`);
- the other side, seen by the server: the header PEER_HEADER, which the client's proxy sets and the server's proxy
  takes off and into dynamic metadata, so the app does not see it (Istio: metadata exchange, x-envoy-peer-metadata);
- principals: the certificates; `response_flags`, code, protocol: the request's own record.

A value that is missing is `unknown`, as in Istio: COALESCE takes the listener's metadata then. A client's proxy that
knows no service for a request names its Host header instead (istio_stats: the host header fallback, which servers and
gateways do not have), and for the last virtual host the cluster that Istio has behind it: `passing_by`.
Prometheus sees `envoy_istio_…`; its relabelling takes the first word off. Left out: istio_tcp_*, and gRPC message
counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.config.common.mutation_rules.v3 import mutation_rules_pb2
from envoy.config.core.v3 import base_pb2
from envoy.extensions.access_loggers.stats.v3 import stats_pb2
from envoy.extensions.filters.http.header_mutation.v3 import header_mutation_pb2
from envoy.extensions.filters.http.header_to_metadata.v3 import header_to_metadata_pb2
from envoy.type.matcher.v3 import regex_pb2

from meshtutor.embedded.istio.endpoints import peer_fields, struct
from meshtutor.embedded.istio.reporting.metrics import Overrides
from meshtutor.embedded.istio.transport import any_of
from meshtutor.embedded.istio.workloads import Workload
from meshtutor.embedded.xds.wire import field_tag, repeated

PEER_HEADER: Final = "x-envoy-peer-metadata"
PEER_NAMESPACE: Final = "istio.peer"
UNKNOWN: Final = "unknown"
_SIDE_LABELS: Final = {
    "workload": "workload_name",
    "workload_namespace": "workload_namespace",
    "app": "app",
    "version": "version",
    "canonical_service": "canonical_service",
    "canonical_revision": "canonical_revision",
    "cluster": "cluster",
}
"""The label without its side -> the field in `peer_fields`."""
_METRICS: Final = {
    "REQUEST_COUNT": "requests_total",
    "REQUEST_DURATION": "request_duration_milliseconds",
    "REQUEST_SIZE": "request_bytes",
    "RESPONSE_SIZE": "response_bytes",
}
"""The metric in Telemetry -> its name without `istio_` (telemetry.go, metricToPrometheusMetric)."""
_HISTOGRAMS: Final = {
    "REQUEST_DURATION": (stats_pb2.Config.Histogram.Milliseconds, "%DURATION%"),
    "REQUEST_SIZE": (stats_pb2.Config.Histogram.Bytes, "%BYTES_RECEIVED%"),
    "RESPONSE_SIZE": (stats_pb2.Config.Histogram.Bytes, "%BYTES_SENT%"),
}
NO_OVERRIDES: Final[Overrides] = {}
_STAND_IN: Final = "stand_in"
_PREFIX: Final = b"istio"
_SCOPE: Final = repeated(field_tag(6), [repeated(field_tag(5), [_PREFIX])])
"""`stats_scope {prefix: istio}` on the wire: xds-protos 1.85 does not know it yet, and `stat_prefix`, its predecessor,
costs a warning in the proxy's log with each listener (Envoy 1.39: stats.proto of the logger, type/v3/scope.proto)."""


def listener_metadata() -> Any:
    """What COALESCE falls back on."""
    return base_pb2.Metadata(filter_metadata={"istio": struct({UNKNOWN: UNKNOWN})})


def passing_by(cluster: str) -> Any:
    """What a route says that leads to no service: the name that stands for it in `destination_service_name`."""
    return base_pb2.Metadata(filter_metadata={"istio": struct({_STAND_IN: cluster})})


def _or_unknown(command: str, parameter: str = "") -> str:
    return _first({"command": command, "param": parameter} if parameter else {"command": command})


def _first(*operators: Mapping[str, str]) -> str:
    """The first of these commands that has a value, or `unknown`."""
    last = {"command": "METADATA", "param": f"LISTENER:istio:{UNKNOWN}"}
    return f"%COALESCE({json.dumps({'operators': [*operators, last]}, separators=(',', ':'))})%"


def outbound_logger(
    own: Workload, overrides: Overrides = NO_OVERRIDES, *, gateway: bool = False
) -> list[Any]:
    """The client's side of the metrics: one logger, or none if every metric is disabled."""
    tags = {
        "reporter": "source",
        **_own("source", own),
        **{
            f"destination_{label}": _or_unknown("UPSTREAM_METADATA", f"istio:{field}")
            for label, field in _SIDE_LABELS.items()
        },
        "source_principal": _or_unknown("UPSTREAM_LOCAL_URI_SAN"),
        "destination_principal": _or_unknown("UPSTREAM_PEER_URI_SAN"),
        **(_service() if gateway else _called_service()),
        "connection_security_policy": UNKNOWN,
        **_request(),
    }
    return _logger(tags, overrides)


def inbound_logger(own: Workload, overrides: Overrides = NO_OVERRIDES, *, mutual_tls: bool) -> list[Any]:
    """The server's side of the metrics, for one filter chain."""
    principals = {
        "source_principal": _or_unknown("DOWNSTREAM_PEER_URI_SAN") if mutual_tls else UNKNOWN,
        "destination_principal": _or_unknown("DOWNSTREAM_LOCAL_URI_SAN") if mutual_tls else UNKNOWN,
    }
    peer = {
        f"source_{label}": _or_unknown("DYNAMIC_METADATA", f"{PEER_NAMESPACE}:{field}")
        for label, field in _SIDE_LABELS.items()
    }
    tags = {
        "reporter": "destination",
        **peer,
        **_own("destination", own),
        **principals,
        **_service(),
        "connection_security_policy": "mutual_tls" if mutual_tls else "none",
        **_request(),
    }
    return _logger(tags, overrides)


def _own(side: str, workload: Workload) -> dict[str, str]:
    fields = peer_fields(workload)
    return {f"{side}_{label}": fields[field] for label, field in _SIDE_LABELS.items()}


def _service() -> dict[str, str]:
    return {
        "destination_service": _or_unknown("CLUSTER_METADATA", "istio:service_host"),
        "destination_service_name": _or_unknown("CLUSTER_METADATA", "istio:service_name"),
        "destination_service_namespace": _or_unknown("CLUSTER_METADATA", "istio:service_namespace"),
    }


def _called_service() -> dict[str, str]:
    """The same as a client's proxy sees it; istio_stats, populatePeerInfo."""
    host = {"command": "REQ", "param": ":authority"}
    known = {
        "service": [{"command": "CLUSTER_METADATA", "param": "istio:service_host"}],
        "service_name": [
            {"command": "METADATA", "param": f"ROUTE:istio:{_STAND_IN}"},
            {"command": "CLUSTER_METADATA", "param": "istio:service_name"},
        ],
    }
    return {**_service(), **{f"destination_{label}": _first(*found, host) for label, found in known.items()}}


def _request() -> dict[str, str]:
    return {
        "request_protocol": "http",
        "response_code": "%RESPONSE_CODE%",
        "response_flags": "%RESPONSE_FLAGS%",
    }


def _logger(tags: Mapping[str, str], overrides: Overrides) -> list[Any]:
    logger = stats_pb2.Config()
    for metric, name in _METRICS.items():
        override = overrides.get(metric)
        if override is None or not override.disabled:
            stat = _stat(name, _overridden(tags, override.tags) if override else tags)
            _add(logger, metric, stat)
    if not logger.counters and not logger.histograms:
        return []
    logger.MergeFromString(_SCOPE)
    return [accesslog_pb2.AccessLog(name="envoy.access_loggers.stats", typed_config=any_of(logger))]


def _add(logger: Any, metric: str, stat: Any) -> None:
    if metric not in _HISTOGRAMS:
        logger.counters.add(stat=stat, value_fixed={"value": 1})
        return
    unit, value = _HISTOGRAMS[metric]
    logger.histograms.add(stat=stat, unit=unit, value_format=value)


def _stat(name: str, tags: Mapping[str, str]) -> Any:
    config = stats_pb2.Config
    listed = [config.Tag(name=label, value_format=value) for label, value in sorted(tags.items())]
    return config.Stat(name=name, tags=listed)


def _overridden(tags: Mapping[str, str], overrides: Mapping[str, str | None]) -> dict[str, str]:
    """The tags with some taken away and others set to what an expression says; "unknown" where it says nothing."""
    said = {label: _or_unknown("CEL", value) for label, value in overrides.items() if value is not None}
    return {label: value for label, value in tags.items() if label not in overrides} | said


def send_peer(own: Workload) -> Any:
    """The filter that tells the other side who asks."""
    value = ";".join(peer_fields(own)[field] for field in _SIDE_LABELS.values())
    header = base_pb2.HeaderValueOption(
        header=base_pb2.HeaderValue(key=PEER_HEADER, value=value),
        append_action=base_pb2.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD,
    )
    mutation = mutation_rules_pb2.HeaderMutation(append=header)
    return any_of(
        header_mutation_pb2.HeaderMutation(
            mutations=header_mutation_pb2.Mutations(request_mutations=[mutation])
        )
    )


def receive_peer() -> Any:
    """The filter that takes the other side's words off the request."""
    rules = [_peer_rule(index, field) for index, field in enumerate(_SIDE_LABELS.values())]
    rules[-1].remove = True
    return any_of(header_to_metadata_pb2.Config(request_rules=rules))


def _peer_rule(index: int, field: str) -> Any:
    pair = header_to_metadata_pb2.Config.KeyValuePair
    groups = ["[^;]*"] * len(_SIDE_LABELS)
    groups[index] = "([^;]*)"
    rewrite = regex_pb2.RegexMatchAndSubstitute(
        pattern=regex_pb2.RegexMatcher(regex=";".join(groups)), substitution="\\1"
    )
    return header_to_metadata_pb2.Config.Rule(
        header=PEER_HEADER,
        on_header_present=pair(metadata_namespace=PEER_NAMESPACE, key=field, regex_value_rewrite=rewrite),
    )
