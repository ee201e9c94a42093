"""Faults: delays and aborts in the client's proxy, before the request is routed (route.go, TranslateFault).

Hence neither the route's timeout nor its retries see them: an injected 503 is not tried again, an injected delay is
not cut off. No percentage means none, not all (the API reference: "If not specified, no request will be aborted").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from envoy.extensions.filters.common.fault.v3 import fault_pb2 as common
from envoy.extensions.filters.http.fault.v3 import fault_pb2

from meshtutor.embedded.istio.reading import duration
from meshtutor.embedded.istio.routes import percentages

GRPC_STATUS: Final = {
    name: number
    for number, name in enumerate(
        ("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
         "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
         "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED")
    )
}  # fmt: skip
"""github.com/grpc/grpc, doc/statuscodes.md"""


def http_fault(fault: Mapping[str, Any]) -> Any:
    """The fault filter's configuration for one route; a delay without a time or an abort without a status is none."""
    out = fault_pb2.HTTPFault()
    delay, abort = fault.get("delay") or {}, fault.get("abort") or {}
    if "fixedDelay" in delay:
        out.delay.CopyFrom(_delay(delay))
    if "httpStatus" in abort or "grpcStatus" in abort:
        out.abort.CopyFrom(_abort(abort))
    return out


def _delay(delay: Mapping[str, Any]) -> Any:
    if "percentage" in delay:
        share = percentages.of_value(delay["percentage"] or {})
    else:
        share = percentages.of_integer(int(delay.get("percent") or 0))
    return common.FaultDelay(fixed_delay=duration(delay["fixedDelay"]), percentage=share)


def _abort(abort: Mapping[str, Any]) -> Any:
    out = fault_pb2.FaultAbort(percentage=percentages.of_value(abort.get("percentage") or {}))
    if "grpcStatus" in abort:
        out.grpc_status = GRPC_STATUS[abort["grpcStatus"]]
    else:
        out.http_status = int(abort["httpStatus"])
    return out
