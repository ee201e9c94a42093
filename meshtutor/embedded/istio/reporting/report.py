"""What one connection manager reports of its requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2 as hcm_pb2
from envoy.extensions.request_id.uuid.v3 import uuid_pb2

from meshtutor.embedded.istio.reading import boolean
from meshtutor.embedded.istio.transport import any_of


@dataclass(frozen=True, eq=False)
class Report:
    """What one connection manager reports; `add_to` writes it there."""

    loggers: list[Any]
    tracing: Any | None
    by_request_id: bool

    def add_to(self, manager: Any) -> None:
        """Set the manager's access loggers, tracing and request-id extension."""
        manager.access_log.extend(self.loggers)
        if self.tracing is not None:
            manager.tracing.CopyFrom(self.tracing)
        config = uuid_pb2.UuidRequestIdConfig(use_request_id_for_trace_sampling=boolean(self.by_request_id))
        extension = hcm_pb2.RequestIDExtension(typed_config=any_of(config))
        manager.request_id_extension.CopyFrom(extension)
