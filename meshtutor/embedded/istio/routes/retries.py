"""Retries (core/route/retry/retry.go).

Without a rule Istio tries twice more, but only when the request cannot have been acted upon: a refused connection or
stream, and gRPC's unavailable and cancelled. An answer of 503 is not tried again since 1.24.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from envoy.config.route.v3 import route_components_pb2 as route
from envoy.extensions.retry.host.previous_hosts.v3 import previous_hosts_pb2
from envoy.extensions.retry.priority.previous_priorities.v3 import previous_priorities_config_pb2

from meshtutor.embedded.istio.reading import duration
from meshtutor.embedded.istio.transport import any_of

DEFAULT_ATTEMPTS: Final = 2
DEFAULT_CONDITIONS: Final = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes"
_HOST_ATTEMPTS: Final = 5
_BY_STATUS: Final = "retriable-status-codes"
_CODES: Final = frozenset(int(status) for status in HTTPStatus)


def policy(retries: Mapping[str, Any] | None, *, hashing: bool) -> Any:
    """The retry policy of a route, or None where `attempts: 0` switches it off.

    `hashing`: with a consistent hash a retry goes to the same endpoint, so previous ones are not avoided.
    """
    out = route.RetryPolicy(retry_on=DEFAULT_CONDITIONS, host_selection_retry_max_attempts=_HOST_ATTEMPTS)
    out.num_retries.value = DEFAULT_ATTEMPTS
    if not hashing:
        out.retry_host_predicate.append(_previous_hosts())
    if retries is None:
        return out
    attempts = int(retries.get("attempts") or 0)
    if attempts <= 0:
        return None
    out.num_retries.value = attempts
    _override(out, retries)
    return out


def _override(out: Any, retries: Mapping[str, Any]) -> None:
    if conditions := retries.get("retryOn"):
        out.retry_on, codes = parse_conditions(conditions)
        out.retriable_status_codes.extend(codes)
    if timeout := retries.get("perTryTimeout"):
        out.per_try_timeout.CopyFrom(duration(timeout))
    ignore = retries.get("retryIgnorePreviousHosts")
    if ignore is not None:
        del out.retry_host_predicate[:]
        out.retry_host_predicate.extend([_previous_hosts()] if ignore else [])
    if retries.get("retryRemoteLocalities"):
        out.retry_priority.name = "envoy.retry_priorities.previous_priorities"
        config = previous_priorities_config_pb2.PreviousPrioritiesConfig(update_frequency=2)
        out.retry_priority.typed_config.CopyFrom(any_of(config))
    if backoff := retries.get("backoff"):
        out.retry_back_off.base_interval.CopyFrom(duration(backoff))


def parse_conditions(text: str) -> tuple[str, list[int]]:
    """`retryOn` as Envoy's conditions and status codes: "5xx,429" -> ("5xx,retriable-status-codes", [429])."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    codes = [int(part) for part in parts if part.isdigit() and int(part) in _CODES]
    conditions = [part for part in parts if not (part.isdigit() and int(part) in _CODES)]
    if codes and _BY_STATUS not in conditions:
        conditions.append(_BY_STATUS)
    return ",".join(conditions), codes


def _previous_hosts() -> Any:
    predicate = route.RetryPolicy.RetryHostPredicate(name="envoy.retry_host_predicates.previous_hosts")
    predicate.typed_config.CopyFrom(any_of(previous_hosts_pb2.PreviousHostsPredicate()))
    return predicate
