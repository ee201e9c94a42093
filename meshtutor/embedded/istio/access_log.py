"""Access logs to a file, in Istio's default formats or one's own (pilot/pkg/model/telemetry_logging.go)."""

from __future__ import annotations

import json
from typing import Any, Final

from envoy.config.accesslog.v3 import accesslog_pb2
from envoy.config.core.v3 import extension_pb2, substitution_format_string_pb2
from envoy.extensions.access_loggers.file.v3 import file_pb2
from envoy.extensions.formatter.req_without_query.v3 import req_without_query_pb2

from meshtutor.embedded.istio.endpoints import struct
from meshtutor.embedded.istio.log_files import LogFile
from meshtutor.embedded.istio.transport import any_of

TEXT: Final = (
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% '
    '%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% '
    '%BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" '
    '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% %UPSTREAM_LOCAL_ADDRESS% '
    "%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% %ROUTE_NAME%"
)
"""EnvoyTextLogFormat."""
FIELDS: Final = {
    "start_time": "%START_TIME%",
    "route_name": "%ROUTE_NAME%",
    "method": "%REQ(:METHOD)%",
    "path": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "protocol": "%PROTOCOL%",
    "response_code": "%RESPONSE_CODE%",
    "response_flags": "%RESPONSE_FLAGS%",
    "response_code_details": "%RESPONSE_CODE_DETAILS%",
    "connection_termination_details": "%CONNECTION_TERMINATION_DETAILS%",
    "bytes_received": "%BYTES_RECEIVED%",
    "bytes_sent": "%BYTES_SENT%",
    "duration": "%DURATION%",
    "upstream_service_time": "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%",
    "x_forwarded_for": "%REQ(X-FORWARDED-FOR)%",
    "user_agent": "%REQ(USER-AGENT)%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "authority": "%REQ(:AUTHORITY)%",
    "upstream_host": "%UPSTREAM_HOST%",
    "upstream_cluster": "%UPSTREAM_CLUSTER_RAW%",
    "upstream_local_address": "%UPSTREAM_LOCAL_ADDRESS%",
    "downstream_local_address": "%DOWNSTREAM_LOCAL_ADDRESS%",
    "downstream_remote_address": "%DOWNSTREAM_REMOTE_ADDRESS%",
    "requested_server_name": "%REQUESTED_SERVER_NAME%",
    "upstream_transport_failure_reason": "%UPSTREAM_TRANSPORT_FAILURE_REASON%",
}
"""EnvoyJSONLogFormatIstio."""
_WITHOUT_QUERY: Final = "%REQ_WITHOUT_QUERY"


def file_logger(log: LogFile) -> Any:
    """The access logger to a file."""
    logger = file_pb2.FileAccessLog(path=log.path, log_format=_format(log))
    return accesslog_pb2.AccessLog(name="envoy.access_loggers.file", typed_config=any_of(logger))


def _format(log: LogFile) -> Any:
    form = substitution_format_string_pb2.SubstitutionFormatString(omit_empty_values=log.omit_empty)
    if log.json:
        form.json_format.CopyFrom(struct(json.loads(log.fields) if log.fields else FIELDS))
    else:
        line = log.text or TEXT
        form.text_format_source.inline_string = line if line.endswith("\n") else f"{line}\n"
    if _WITHOUT_QUERY in (log.fields if log.json else log.text):
        form.formatters.append(
            extension_pb2.TypedExtensionConfig(
                name="envoy.formatter.req_without_query",
                typed_config=any_of(req_without_query_pb2.ReqWithoutQuery()),
            )
        )
    return form
