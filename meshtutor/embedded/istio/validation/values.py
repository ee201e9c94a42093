"""Texts and numbers with a grammar: durations, percentages, regular expressions, headers, status codes.

Each check answers "" or what is wrong. Source: Istio's pkg/config/validation/validation.go, Go's time.ParseDuration.
"""

from __future__ import annotations

import re
from functools import cache
from http import HTTPStatus
from typing import Any, Final

import re2

_DURATION: Final = re.compile(r"[-+]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)")
_PART: Final = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_NANOSECONDS: Final = {
    "ns": 1, "us": 1e3, "µs": 1e3, "μs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9,
}  # fmt: skip
_MILLISECOND: Final = 1_000_000
_LONGEST: Final = (
    2**63 - 1
) // 10**9 * 10**9 - 1  # nanoseconds; Envoy takes no more whole seconds than these
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~A-Za-z0-9]+")
_STRICT_HEADER_NAME: Final = re.compile(r"[-_A-Za-z0-9]+")
_HEADER_VALUE: Final = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
_VARIABLE: Final = re.compile(r"%%|%[^%(]*(?:\((?:[^)\\]|\\.)*\) *)?%")
_PSEUDO_HEADERS: Final = (":method", ":scheme", ":authority", ":path", ":status")
_CLAIM: Final = "@request.auth.claims"
_LONGEST_EXPRESSION: Final = 1024
_STATUS: Final = frozenset(int(status) for status in HTTPStatus)


def nanoseconds(text: str) -> int | None:
    """A duration as Go writes it (`1h2m`, `3s`, `1.5s`, `100ms`), or None if it is none."""
    if not _DURATION.fullmatch(text):
        return None
    total = round(sum(float(number) * _NANOSECONDS[unit] for number, unit in _PART.findall(text)))
    return -total if text.startswith("-") else total


def duration(text: str, *, zero: bool = False) -> str:
    """At least 1ms, in whole milliseconds; or 0s where zero has a meaning."""
    length = nanoseconds(text)
    if length is None:
        return f"{text!r} is not a duration; expected a number and a unit, such as 3s, 1.5s, 100ms or 1h2m"
    if zero and length == 0:
        return ""
    if length < _MILLISECOND:
        return f"duration {text} must be at least 1ms"
    if length > _LONGEST:
        return f"duration {text} is longer than Envoy can count: at most 2562047h, which are 292 years"
    return (
        "" if length % _MILLISECOND == 0 else f"duration {text}: only durations to ms precision are supported"
    )


def percentage(percent: dict[str, Any] | None) -> str:
    """`{value: 0.0 to 100.0}`; Envoy counts in millionths, so smaller shares than 0.0001 are none."""
    value = (percent or {}).get("value", 0)
    if value == 0 or 0.0001 <= value <= 100:
        return ""
    return f"percentage {value} is neither 0.0, nor in the range 0.0001 to 100.0"


def whole_percent(value: int) -> str:
    """0 to 100."""
    return "" if 0 <= value <= 100 else f"percentage {value} is not in the range 0..100"


def status(code: int) -> str:
    """An HTTP status that a proxy can answer with; Istio lets 600 through, which Envoy then refuses."""
    return "" if 200 <= code < 600 else f"HTTP status {code} is not in the range 200-599"


def is_status(code: int) -> bool:
    """Whether HTTP defines it."""
    return code in _STATUS


@cache
def expression(text: str) -> str:
    """An RE2 expression: Envoy's own library judges, so that what passes here is not refused there."""
    if not text:
        return "regex must not be empty"
    if len(text) > _LONGEST_EXPRESSION:
        return f"regex is too large, at most {_LONGEST_EXPRESSION} characters are allowed"
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(text, options=options)
    except re2.error as wrong:
        said = wrong.args[0].decode() if wrong.args and isinstance(wrong.args[0], bytes) else str(wrong)
        return f"regex {text!r}: {said}; Envoy uses RE2, which has no lookaround and no backreferences"
    return ""


def substitution(pattern: str, text: str) -> str:
    r"""What replaces the match of a pattern: `\1` and the like name its groups, `\\` is a backslash."""
    groups = re2.compile(pattern).groups
    for escaped in re.findall(r"\\(.?)", text, re.DOTALL):
        if escaped != "\\" and not (escaped.isdigit() and int(escaped) <= groups):
            return f"{text!r}: \\{escaped} names no group of the expression, which has {groups}"
    return ""


def matched_header(name: str) -> str:
    """A header that a match may look at; also a pseudo header or a claim of a token."""
    if not name:
        return "header name cannot be empty"
    if name.startswith(_CLAIM) or name in _PSEUDO_HEADERS or _HEADER_NAME.fullmatch(name):
        return ""
    return f"header name {name} is not a valid header name"


def is_claim(name: str) -> bool:
    """Whether a header's name stands for a claim of a token, which only gateways can route by."""
    return name.startswith(_CLAIM)


def is_authority(name: str) -> bool:
    """Whether a header is another name for the host."""
    return name.lower() in (":authority", "host")


def header_operation(name: str, *, host: bool) -> str:
    """A header that may be set, added or removed; `host`: whether this may be the host."""
    if not name:
        return "header name cannot be empty"
    if is_authority(name) and host:
        return ""
    if name.lower() == "host":
        return "cannot set the Host header here"
    return f'invalid header {name!r}: a header cannot begin with ":"' if name.startswith(":") else ""


def cors_header(name: str) -> str:
    """A header's name or `*`."""
    if not name:
        return "header name cannot be empty"
    return (
        ""
        if name == "*" or _HEADER_NAME.fullmatch(name)
        else f"header name {name} is not a valid header name"
    )


def strict_header(name: str) -> str:
    """Letters, digits, - and _."""
    return "" if _STRICT_HEADER_NAME.fullmatch(name) else f"header name {name!r} is not a valid header name"


def one_line(text: str) -> str:
    """What Envoy puts into a header as it is (route_components.proto: HTTP_HEADER_VALUE, not strict)."""
    return f"{text!r} must be one line" if re.search(r"[\x00\r\n]", text) else ""


def header_value(text: str) -> str:
    """Envoy replaces `%NAME%` and `%NAME(...)%`; a per cent sign of its own is written `%%`."""
    if not _HEADER_VALUE.fullmatch(text):
        return f"header value {text!r} holds a control character"
    return f"header value {text!r}: write %% for a per cent sign" if "%" in _VARIABLE.sub("", text) else ""
