"""Istio's standard metrics, counted by Envoy itself with the stats access logger.

Names and labels: istio.io, "Istio Standard Metrics"; istio/proxy's istio_stats filter, which a stock Envoy lacks.
Every request is counted twice, as in Istio: by the client's proxy (`reporter="source"`) and by the server's
(`reporter="destination"`). Where a label's value comes from:

- one's own side is known when the listener is built, and stands there as text;
- the other side, seen by the client: the metadata of the endpoint that was chosen (see `endpoints.peer_fields`);
- the other side, seen by the server: the header PEER_HEADER, which the client's proxy sets and the server's proxy
  takes off and into dynamic metadata, so the app does not see it (Istio: metadata exchange, x-envoy-peer-metadata);
- principals: the certificates; `response_flags` and codes: the request's own record; whether it is gRPC:
  its content type (`read_request`).

A value that is missing is `unknown`, a revision `latest`, as in Istio: COALESCE takes the listener's metadata then. A
client's proxy that knows no service for a request names its Host header instead (istio_stats: the host header
fallback, which servers and gateways do not have), and for the last virtual host the cluster that Istio has behind it:
`passing_by`.

istio_tcp_* count the connections of ports that carry no requests, those whose bytes a gateway passes on, and a
sidecar's tunnels (CONNECT), which are bytes to it and no requests. Unlike in Istio their bytes are counted at the end
of a connection and not every five seconds, as no operator tells what was added since the last time; and a server's
proxy knows of the caller no more than its certificate, as a stock Envoy does not exchange metadata ahead of bytes.

Left out: istio_request_messages_total and istio_response_messages_total. Envoy's grpc_stats filter counts a stream's
messages, but hands them to access loggers as one text, of which no operator makes two numbers.
"""

from __future__ import annotations

from typing import Any, Final

from envoy.config.common.mutation_rules.v3 import mutation_rules_pb2
from envoy.config.core.v3 import base_pb2
from envoy.extensions.filters.http.header_mutation.v3 import header_mutation_pb2
from envoy.extensions.filters.http.header_to_metadata.v3 import header_to_metadata_pb2
from envoy.type.matcher.v3 import regex_pb2

from meshtutor.embedded.istio.endpoints import peer_fields, struct
from meshtutor.embedded.istio.hosts import Host
from meshtutor.embedded.istio.log_moments import ended, opened, tunnels, with_filters
from meshtutor.embedded.istio.reporting.metrics import Overrides
from meshtutor.embedded.istio.stats_logger import (
    CONNECTIONS,
    OPENINGS,
    REQUESTS,
    UNKNOWN,
    constants,
    counting,
    first,
    operator,
    or_unknown,
)
from meshtutor.embedded.istio.transport import any_of
from meshtutor.embedded.istio.workloads import Workload

PEER_HEADER: Final = "x-envoy-peer-metadata"
PEER_NAMESPACE: Final = "istio.peer"
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
NO_OVERRIDES: Final[Overrides] = {}
_STAND_IN: Final = "stand_in"
_NAMES: Final = (
    operator("METADATA", f"ROUTE:istio:{_STAND_IN}"),
    operator("CLUSTER_METADATA", "istio:service_name"),
)
"""Where the name of a service stands."""
_STRANGER: Final = "InboundPassthroughCluster"
"""Istio's cluster behind a port that no Service leads to; its name stands for the service's."""
_HTTP: Final = "http"
_LATEST: Final = "latest"
_REQUEST: Final = "istio.request"
_PROTOCOL: Final = "protocol"
_GRPC: Final = r"^application/(grpc)(?:\+.*)?$|^.*$"
"""The content types of gRPC (Envoy: Grpc::Common::hasGrpcContentType); of others nothing is left."""


def listener_metadata() -> Any:
    """What COALESCE falls back on."""
    return constants(UNKNOWN, _LATEST, _HTTP)


def passing_by(cluster: str) -> Any:
    """What a route says that leads to no service: the name that stands for it in `destination_service_name`."""
    return base_pb2.Metadata(filter_metadata={"istio": struct({_STAND_IN: cluster})})


def outbound_logger(
    own: Workload, overrides: Overrides = NO_OVERRIDES, *, gateway: bool = False
) -> list[Any]:
    """The client's side of the metrics; none if every metric is disabled. A sidecar counts tunnels as connections."""
    ends = _ends_from(own)
    if gateway:
        return counting(REQUESTS, {**ends, **_service(), **_request()}, overrides)
    requests = counting(REQUESTS, {**ends, **_called_service(), **_request()}, overrides)
    return [
        *(with_filters(one, tunnels(only=False)) for one in requests),
        *_connections({**ends, **_service()}, overrides, tunnels(only=True)),
    ]


def passing_logger(own: Workload, overrides: Overrides = NO_OVERRIDES) -> list[Any]:
    """The client's side of the metrics at a gateway that passes on bytes and sees no requests."""
    return _connections({**_ends_from(own), **_service()}, overrides)


def inbound_logger(
    own: Workload, host: Host | None, overrides: Overrides = NO_OVERRIDES, *, mutual_tls: bool
) -> list[Any]:
    """The server's side of the metrics, for one filter chain of a port that `host` leads to."""
    return counting(REQUESTS, {**_ends_at(own, host, mutual_tls=mutual_tls), **_request()}, overrides)


def connection_logger(
    own: Workload, host: Host | None, overrides: Overrides = NO_OVERRIDES, *, mutual_tls: bool
) -> list[Any]:
    """The same where a port carries bytes and no requests."""
    return _connections(_ends_at(own, host, mutual_tls=mutual_tls), overrides)


def _ends_from(own: Workload) -> dict[str, str]:
    """Who called whom, as the client's proxy sees it."""
    return {
        "reporter": "source",
        **_own("source", own),
        **_peer("destination", "UPSTREAM_METADATA", "istio"),
        "source_principal": or_unknown("UPSTREAM_LOCAL_URI_SAN"),
        "destination_principal": or_unknown("UPSTREAM_PEER_URI_SAN"),
        "connection_security_policy": UNKNOWN,
    }


def _ends_at(own: Workload, host: Host | None, *, mutual_tls: bool) -> dict[str, str]:
    """Who called whom, as the server's proxy sees it."""
    principals = {
        "source_principal": or_unknown("DOWNSTREAM_PEER_URI_SAN") if mutual_tls else UNKNOWN,
        "destination_principal": or_unknown("DOWNSTREAM_LOCAL_URI_SAN") if mutual_tls else UNKNOWN,
    }
    return {
        "reporter": "destination",
        **_peer("source", "DYNAMIC_METADATA", PEER_NAMESPACE),
        **_own("destination", own),
        **principals,
        "destination_service": host.fqdn if host else own.canonical_name,
        "destination_service_name": host.name if host else _STRANGER,
        "destination_service_namespace": own.namespace,
        "connection_security_policy": "mutual_tls" if mutual_tls else "none",
    }


def _connections(ends: dict[str, str], overrides: Overrides, *which: Any) -> list[Any]:
    """The loggers that count connections, at their opening and at their end."""
    tags = {**ends, "request_protocol": "tcp", "response_flags": "%RESPONSE_FLAGS%"}
    moments = ((OPENINGS, opened()), (CONNECTIONS, ended()))
    return [
        with_filters(one, *which, moment)
        for metrics, moment in moments
        for one in counting(metrics, tags, overrides)
    ]


def _own(side: str, workload: Workload) -> dict[str, str]:
    fields = peer_fields(workload)
    return {f"{side}_{label}": fields[field] for label, field in _SIDE_LABELS.items()}


def _peer(side: str, command: str, namespace: str) -> dict[str, str]:
    """The other side, from metadata; it may have none."""
    return {
        f"{side}_{label}": first(
            operator(command, f"{namespace}:{field}"),
            otherwise=_LATEST if label == "canonical_revision" else UNKNOWN,
        )
        for label, field in _SIDE_LABELS.items()
    }


def _service() -> dict[str, str]:
    """The service that was called, as a client's proxy sees it; istio_stats, populatePeerInfo."""
    return {
        "destination_service": or_unknown("CLUSTER_METADATA", "istio:service_host"),
        "destination_service_name": first(*_NAMES),
        "destination_service_namespace": first(
            operator("CLUSTER_METADATA", "istio:service_namespace"),
            operator("UPSTREAM_METADATA", "istio:workload_namespace"),
        ),
    }


def _called_service() -> dict[str, str]:
    """The same with the Host header to fall back on, as a sidecar has it for requests."""
    host = operator("REQ", ":authority")
    return {
        **_service(),
        "destination_service": first(operator("CLUSTER_METADATA", "istio:service_host"), host),
        "destination_service_name": first(*_NAMES, host),
    }


def _request() -> dict[str, str]:
    return {
        "request_protocol": first(operator("DYNAMIC_METADATA", f"{_REQUEST}:{_PROTOCOL}"), otherwise=_HTTP),
        "response_code": "%RESPONSE_CODE%",
        "grpc_response_status": "%GRPC_STATUS_NUMBER%",
        "response_flags": "%RESPONSE_FLAGS%",
    }


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


def read_request() -> Any:
    """The filter that keeps for the loggers what they cannot read off a header: whether a request is gRPC.

    An expression in CEL could, in a label; it would be evaluated for each metric anew, as labels are.
    """
    return any_of(header_to_metadata_pb2.Config(request_rules=[_protocol_rule()]))


def receive_peer() -> Any:
    """The same at a server, where it also takes the other side's words off the request."""
    rules = [_peer_rule(index, field) for index, field in enumerate(_SIDE_LABELS.values())]
    rules[-1].remove = True
    return any_of(header_to_metadata_pb2.Config(request_rules=[_protocol_rule(), *rules]))


def _protocol_rule() -> Any:
    return _rule("content-type", _REQUEST, _PROTOCOL, _GRPC)


def _peer_rule(index: int, field: str) -> Any:
    groups = ["[^;]*"] * len(_SIDE_LABELS)
    groups[index] = "([^;]*)"
    return _rule(PEER_HEADER, PEER_NAMESPACE, field, ";".join(groups))


def _rule(header: str, namespace: str, key: str, regex: str) -> Any:
    """Keeps the first group of what matches a header's value."""
    rewrite = regex_pb2.RegexMatchAndSubstitute(
        pattern=regex_pb2.RegexMatcher(regex=regex), substitution="\\1"
    )
    pair = header_to_metadata_pb2.Config.KeyValuePair(
        metadata_namespace=namespace, key=key, regex_value_rewrite=rewrite
    )
    return header_to_metadata_pb2.Config.Rule(header=header, on_header_present=pair)
