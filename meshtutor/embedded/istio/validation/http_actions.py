"""What an HTTP rule does with a request: redirect, answer, rewrite, retry, fault, CORS.

Source: Istio's pkg/config/validation/validation.go. Durations are checked by `shape`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from meshtutor.embedded.istio.validation import http_match, names, values
from meshtutor.embedded.istio.validation.problem import Problems, each, error, unless_fine, warning

RETRY_ON: Final = (
    "5xx", "gateway-error", "reset", "reset-before-request", "connect-failure", "retriable-4xx", "refused-stream",
    "retriable-status-codes", "retriable-headers", "envoy-ratelimited", "http3-post-connect-failure",
    "cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable",
)  # fmt: skip
_GRPC_STATUS: Final = (
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
)  # fmt: skip
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*")
_KILOBYTE: Final = 1024
_SECOND: Final = 1_000_000_000


def check(route: Mapping[str, Any], path: str) -> Problems:
    """All actions that a rule has."""
    checks = {
        "redirect": _redirect,
        "directResponse": _direct_response,
        "rewrite": _rewrite,
        "retries": _retries,
        "fault": _fault,
        "corsPolicy": _cors,
    }
    for field, function in checks.items():
        if field in route:
            yield from function(route[field] or {}, f"{path}.{field}")


def _redirect(redirect: dict[str, Any], path: str) -> Problems:
    if not any(redirect.get(field) for field in ("uri", "authority", "scheme", "port", "derivePort")):
        yield error(path, "redirect must specify uri, authority, scheme or port")
    code = redirect.get("redirectCode", 0)
    if code and not 300 <= code <= 399:
        yield error(f"{path}.redirectCode", f"{code} is not a valid redirect code, must be 3xx")
    if redirect.get("scheme", "") not in ("", "http", "https"):
        yield error(f"{path}.scheme", 'invalid redirect scheme, must be "http" or "https"')
    if redirect.get("port"):
        yield from unless_fine(f"{path}.port", names.port(redirect["port"]))
    yield from _one_line(redirect, path)


def _one_line(action: dict[str, Any], path: str) -> Problems:
    for field in ("uri", "authority"):
        yield from unless_fine(f"{path}.{field}", values.one_line(action.get(field) or ""))


def _direct_response(answer: dict[str, Any], path: str) -> Problems:
    yield from unless_fine(f"{path}.status", values.status(answer.get("status", 0)))
    body = answer.get("body") or {}
    size = len(body.get("string", "").encode()) + len(body.get("bytes", "")) * 3 // 4
    if size > _KILOBYTE * _KILOBYTE:
        yield error(f"{path}.body", "a direct response must be less than 1MB")
    elif size > 100 * _KILOBYTE:
        yield warning(f"{path}.body", "large direct responses may impact control plane performance")


def _rewrite(rewrite: dict[str, Any], path: str) -> Problems:
    regex = rewrite.get("uriRegexRewrite")
    if rewrite.get("uri") and regex is not None:
        yield error(path, "rewrite may only contain one of uri or uriRegexRewrite")
    if not rewrite.get("uri") and regex is None and not rewrite.get("authority"):
        yield error(path, "rewrite must specify at least one of uri, uriRegexRewrite or authority")
    yield from _one_line(rewrite, path)
    if regex is not None:
        if not regex.get("match") or not regex.get("rewrite"):
            yield error(f"{path}.uriRegexRewrite", "both match and rewrite must be specified")
        else:
            yield from unless_fine(f"{path}.uriRegexRewrite.rewrite", values.one_line(regex["rewrite"]))
            complaint = values.expression(regex["match"])
            yield from unless_fine(f"{path}.uriRegexRewrite.match", complaint)
            if not complaint:
                told = values.substitution(regex["match"], regex["rewrite"])
                yield from unless_fine(f"{path}.uriRegexRewrite.rewrite", told)


def _retries(retries: dict[str, Any], path: str) -> Problems:
    attempts = retries.get("attempts", 0)
    if attempts < 0:
        yield error(f"{path}.attempts", "attempts cannot be negative")
    others = ("perTryTimeout", "retryOn", "retryRemoteLocalities")
    if attempts == 0 and any(retries.get(field) not in (None, "") for field in others):
        yield error(
            f"{path}.attempts", "a retry policy is configured, yet attempts is 0, which switches retries off",
            "set attempts, or leave the other fields out",
        )  # fmt: skip
    for word in retries.get("retryOn", "").split(",") if retries.get("retryOn") else ():
        if word not in RETRY_ON and not (word.isdigit() and values.is_status(int(word))):
            yield error(
                f"{path}.retryOn",
                f"{word!r} is not a valid retryOn policy",
                f"one of {', '.join(RETRY_ON)}, or a status",
            )


def _fault(fault: dict[str, Any], path: str) -> Problems:
    if "abort" not in fault and "delay" not in fault:
        yield error(path, "a fault must have an abort, a delay or both")
    if (abort := fault.get("abort")) is not None:
        yield from unless_fine(f"{path}.abort.percentage.value", values.percentage(abort.get("percentage")))
        yield from _abort(abort, f"{path}.abort")
    if (delay := fault.get("delay")) is not None:
        yield from unless_fine(f"{path}.delay.percentage.value", values.percentage(delay.get("percentage")))
        if "exponentialDelay" in delay:
            yield error(f"{path}.delay.exponentialDelay", "exponentialDelay is not supported by Istio yet")


def _abort(abort: dict[str, Any], path: str) -> Problems:
    if "httpStatus" in abort:
        yield from unless_fine(f"{path}.httpStatus", values.status(abort["httpStatus"]))
    elif "grpcStatus" in abort:
        if abort["grpcStatus"] not in _GRPC_STATUS:
            yield error(
                f"{path}.grpcStatus",
                f"gRPC status {abort['grpcStatus']!r} is not supported",
                "for instance NOT_FOUND",
            )
    elif "http2Error" in abort:
        yield error(f"{path}.http2Error", "HTTP/2 errors are not supported by Istio yet")
    else:
        yield warning(
            path, "an abort is configured, but with no status to answer", "add httpStatus or grpcStatus"
        )


def _cors(policy: dict[str, Any], path: str) -> Problems:
    for place, origin in each(policy.get("allowOrigins"), f"{path}.allowOrigins"):
        if not any(origin.values()):
            yield error(place, "expected exact, prefix or regex with a value")
        yield from http_match.text(origin, place, empty_prefix=True)
    for place, method in each(policy.get("allowMethods"), f"{path}.allowMethods"):
        if method not in _METHODS:
            yield error(place, f"{method!r} is not a supported HTTP method", f"one of {', '.join(_METHODS)}")
    for field in ("allowHeaders", "exposeHeaders"):
        for place, name in each(policy.get(field), f"{path}.{field}"):
            yield from unless_fine(place, values.cors_header(name))
    if (values.nanoseconds(policy.get("maxAge", "0")) or 0) % _SECOND:
        yield error(f"{path}.maxAge", "maxAge is accurate only to seconds")
