"""What the text of a request means: parameters as Jaeger's query_parser.go reads them, and what it says when it cannot.

Start and end are microseconds since the epoch, those of dependencies milliseconds; durations are Go's ("1.5ms", "2s").
`lookback` of a trace search is the user interface's own note and means nothing to the server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final

from multidict import MultiMapping

from meshtutor.embedded.addons.jaeger.search import Query

Parameters = MultiMapping[str]
_DEFAULT_LIMIT: Final = 100
_LOOKBACK: Final = 2 * 24 * 3600 * 10**6
_DEPENDENCIES_LOOKBACK: Final = 24 * 3600 * 10**3
_MILLISECOND: Final = 1000
_UNITS: Final = {"ns": 0.001, "us": 1, "µs": 1, "μs": 1, "ms": 1e3, "s": 1e6, "m": 6e7, "h": 3.6e9}
_PART: Final = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_LONGEST_ID: Final = 32


class ParameterError(ValueError):
    """A parameter that cannot be read; the text is Jaeger's, the answer is 400."""


def search_query(parameters: Parameters, now: int) -> Query:
    """The search of `/api/traces`; `now` in µs."""
    query = Query(
        service=parameters.get("service", ""),
        operation=parameters.get("operation", ""),
        tags=_tags(parameters.getall("tag", []), parameters.getall("tags", [])),
        start=_integer(parameters, "start", now - _LOOKBACK),
        end=_integer(parameters, "end", now),
        min_duration=_duration(parameters, "minDuration"),
        max_duration=_duration(parameters, "maxDuration"),
        limit=_integer(parameters, "limit", _DEFAULT_LIMIT),
    )
    if not query.service:
        raise ParameterError("parameter 'service' is required")
    if query.max_duration and query.max_duration < query.min_duration:
        raise ParameterError("'maxDuration' should be greater than 'minDuration'")
    return query


def dependency_window(parameters: Parameters, now: int) -> tuple[int, int]:
    """(start, end) of `/api/dependencies`, in µs as `now` is."""
    end = _integer(parameters, "endTs", now // _MILLISECOND)
    lookback = _integer(parameters, "lookback", _DEPENDENCIES_LOOKBACK)
    return (end - lookback) * _MILLISECOND, end * _MILLISECOND


def trace_id(text: str) -> int:
    """A trace's id of at most 32 hexadecimal digits."""
    if len(text) > _LONGEST_ID:
        raise ParameterError(f"TraceID cannot be longer than 32 hex characters: {text}")
    if not re.fullmatch(r"[0-9a-fA-F]+", text):
        raise ParameterError(f'strconv.ParseUint: parsing "{text}": invalid syntax')
    return int(text, 16)


def _integer(parameters: Parameters, name: str, default: int) -> int:
    text = parameters.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"[+-]?\d+", text):
        raise ParameterError(
            f"unable to parse param '{name}': strconv.ParseInt: parsing \"{text}\": invalid syntax"
        )
    return int(text)


def _duration(parameters: Parameters, name: str) -> int:
    """Microseconds, 0 if nothing is said."""
    text = parameters.get(name, "")
    if text in ("", "0"):
        return 0
    parts = _PART.findall(text)
    if "".join(number + unit for number, unit in parts) != text:
        fault = "missing unit in" if re.fullmatch(r"[\d.]+", text) else "invalid"
        raise ParameterError(f"unable to parse param '{name}': time: {fault} duration \"{text}\"")
    return round(sum(float(number) * _UNITS[unit] for number, unit in parts))


def _tags(simple: Iterable[str], objects: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in simple:
        key, colon, value = text.partition(":")
        if not colon:
            raise ParameterError(f"malformed 'tag' parameter, expecting key:value, received: {text}")
        found[key] = value
    for text in objects:
        found |= _tag_object(text)
    return found


def _tag_object(text: str) -> dict[str, str]:
    try:
        read = json.loads(text)
    except ValueError as error:
        raise ParameterError(f"malformed 'tags' parameter, cannot unmarshal JSON: {error}") from error
    if not isinstance(read, dict) or not all(isinstance(value, str) for value in read.values()):
        raise ParameterError(
            "malformed 'tags' parameter, cannot unmarshal JSON: expected an object of strings"
        )
    return read
