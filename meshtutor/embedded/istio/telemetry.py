"""Istio's standard metrics, counted by Envoy itself with the stats access logger.

Names and labels: istio.io, "Istio Standard Metrics"; istio/proxy's istio_stats filter, which a stock Envoy lacks.
Every request is counted twice, as in Istio: by the client's proxy (`reporter="source"`) and by the server's
(`reporter="destination"`). Where a label's value comes from:

- one's own side is known when the listener is built, and stands there as text;
- the other side, seen by the client: the metadata of the endpoint that was chosen (see `endpoints.peer_fields`);
- the other side, seen by the server: the header PEER_HEADER, which the client's proxy sets and the server's proxy
  takes off and into dynamic metadata, so the app does not see it (Istio: metadata exchange, x-envoy-peer-metadata);
- principals: the certificates; `response_flags`, code, protocol: the request's own record.

A value that is missing is `unknown`, a revision `latest`, as in Istio: COALESCE takes the listener's metadata then. A
client's proxy that knows no service for a request names its Host header instead (istio_stats: the host header
fallback, which servers and gateways do not have), and for the last virtual host the cluster that Istio has behind it:
`passing_by`.

Left out: istio_tcp_*, and istio_request_messages_total and istio_response_messages_total: Envoy's grpc_stats filter
counts a stream's messages, but hands them to access loggers as one text, of which no operator makes two numbers.
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
from meshtutor.embedded.istio.reporting.metrics import Overrides
from meshtutor.embedded.istio.stats_logger import (
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
_STRANGER: Final = "InboundPassthroughCluster"
"""Istio's cluster behind a port that no Service leads to; its name stands for the service's."""
_HTTP: Final = "http"
_LATEST: Final = "latest"
_CONTENT_TYPE: Final = "request.headers['content-type']"
_GRPC: Final = f"{_CONTENT_TYPE} == 'application/grpc' || {_CONTENT_TYPE}.startsWith('application/grpc+') ? 'grpc' : '{_HTTP}'"
"""Which requests are gRPC (Envoy: Grpc::Common::hasGrpcContentType); no value where the header is missing."""


def listener_metadata() -> Any:
    """What COALESCE falls back on."""
    return constants(UNKNOWN, _LATEST, _HTTP)


def passing_by(cluster: str) -> Any:
    """What a route says that leads to no service: the name that stands for it in `destination_service_name`."""
    return base_pb2.Metadata(filter_metadata={"istio": struct({_STAND_IN: cluster})})


def outbound_logger(
    own: Workload, overrides: Overrides = NO_OVERRIDES, *, gateway: bool = False
) -> list[Any]:
    """The client's side of the metrics: one logger, or none if every metric is disabled."""
    tags = {
        "reporter": "source",
        **_own("source", own),
        **_peer("destination", "UPSTREAM_METADATA", "istio"),
        "source_principal": or_unknown("UPSTREAM_LOCAL_URI_SAN"),
        "destination_principal": or_unknown("UPSTREAM_PEER_URI_SAN"),
        **(_service() if gateway else _called_service()),
        "connection_security_policy": UNKNOWN,
        **_request(),
    }
    return counting(REQUESTS, tags, overrides)


def inbound_logger(
    own: Workload, host: Host | None, overrides: Overrides = NO_OVERRIDES, *, mutual_tls: bool
) -> list[Any]:
    """The server's side of the metrics, for one filter chain of a port that `host` leads to."""
    principals = {
        "source_principal": or_unknown("DOWNSTREAM_PEER_URI_SAN") if mutual_tls else UNKNOWN,
        "destination_principal": or_unknown("DOWNSTREAM_LOCAL_URI_SAN") if mutual_tls else UNKNOWN,
    }
    tags = {
        "reporter": "destination",
        **_peer("source", "DYNAMIC_METADATA", PEER_NAMESPACE),
        **_own("destination", own),
        **principals,
        "destination_service": host.fqdn if host else own.canonical_name,
        "destination_service_name": host.name if host else _STRANGER,
        "destination_service_namespace": own.namespace,
        "connection_security_policy": "mutual_tls" if mutual_tls else "none",
        **_request(),
    }
    return counting(REQUESTS, tags, overrides)


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
        "destination_service_name": or_unknown("CLUSTER_METADATA", "istio:service_name"),
        "destination_service_namespace": first(
            operator("CLUSTER_METADATA", "istio:service_namespace"),
            operator("UPSTREAM_METADATA", "istio:workload_namespace"),
        ),
    }


def _called_service() -> dict[str, str]:
    """The same with the Host header to fall back on, as a sidecar has it."""
    host = operator("REQ", ":authority")
    known = {
        "service": [operator("CLUSTER_METADATA", "istio:service_host")],
        "service_name": [
            operator("METADATA", f"ROUTE:istio:{_STAND_IN}"),
            operator("CLUSTER_METADATA", "istio:service_name"),
        ],
    }
    return {**_service(), **{f"destination_{label}": first(*found, host) for label, found in known.items()}}


def _request() -> dict[str, str]:
    return {
        "request_protocol": first(operator("CEL", _GRPC), otherwise=_HTTP),
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
