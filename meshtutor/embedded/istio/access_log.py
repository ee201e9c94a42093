"""Access logs to a file, in Istio's default format or one's own (model/telemetry_logging.go)."""

from __future__ import annotations

from typing import Any, Final

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.config.core.v3 import substitution_format_string_pb2
from envoy.extensions.access_loggers.file.v3 import file_pb2

from meshtutor.embedded.istio.endpoints import struct
from meshtutor.embedded.istio.log_files import LogFile
from meshtutor.embedded.istio.transport import any_of

_FIELDS: Final = {
    "start_time": "[%START_TIME%]",
    "request": '"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%"',
    "response_code": "%RESPONSE_CODE%",
    "response_flags": "%RESPONSE_FLAGS%",
    "response_code_details": "%RESPONSE_CODE_DETAILS%",
    "connection_termination_details": "%CONNECTION_TERMINATION_DETAILS%",
    "upstream_transport_failure_reason": '"%UPSTREAM_TRANSPORT_FAILURE_REASON%"',
    "bytes_received": "%BYTES_RECEIVED%",
    "bytes_sent": "%BYTES_SENT%",
    "duration": "%DURATION%",
    "upstream_service_time": "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%",
    "x_forwarded_for": '"%REQ(X-FORWARDED-FOR)%"',
    "user_agent": '"%REQ(USER-AGENT)%"',
    "request_id": '"%REQ(X-REQUEST-ID)%"',
    "authority": '"%REQ(:AUTHORITY)%"',
    "upstream_host": '"%UPSTREAM_HOST%"',
    "upstream_cluster": "%UPSTREAM_CLUSTER_RAW%",
    "upstream_local_address": "%UPSTREAM_LOCAL_ADDRESS%",
    "downstream_local_address": "%DOWNSTREAM_LOCAL_ADDRESS%",
    "downstream_remote_address": "%DOWNSTREAM_REMOTE_ADDRESS%",
    "requested_server_name": "%REQUESTED_SERVER_NAME%",
    "route_name": "%ROUTE_NAME%",
}
"""Istio's default text format, field by field (istio.io, "Envoy Access Logs")."""


def file_logger(log: LogFile) -> Any:
    """The access logger to a file."""
    logger = file_pb2.FileAccessLog(path=log.path, log_format=_format(log))
    return accesslog_pb2.AccessLog(name="envoy.access_loggers.file", typed_config=any_of(logger))


def _format(log: LogFile) -> Any:
    string = substitution_format_string_pb2.SubstitutionFormatString
    if log.json:
        fields = dict(log.labels) or {name: value.strip('"[]') for name, value in _FIELDS.items()}
        return string(json_format=struct(fields))
    line = log.text or " ".join(_FIELDS.values())
    return string(text_format_source={"inline_string": line if line.endswith("\n") else f"{line}\n"})
