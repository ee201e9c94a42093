"""Envoy's string matchers (envoy/type/matcher/v3/string.proto) and header matchers, with the reason of a failure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import re2

from meshtutor.xray.call import Call

Json = dict[str, Any]


def matches(matcher: Json, value: str) -> bool:
    """Whether a string matcher takes a value. Regexes are RE2's and must take the whole value."""
    fold = bool(matcher.get("ignore_case"))
    if "safe_regex" in matcher:
        return re2.fullmatch(matcher["safe_regex"]["regex"], value) is not None
    given = value.lower() if fold else value
    for form, test in _TESTS.items():
        if form in matcher:
            wanted = str(matcher[form])
            return test(given, wanted.lower() if fold else wanted)
    return given == ""


_TESTS: Final[dict[str, Callable[[str, str], bool]]] = {
    "exact": lambda value, wanted: value == wanted,
    "prefix": lambda value, wanted: value.startswith(wanted),
    "suffix": lambda value, wanted: value.endswith(wanted),
    "contains": lambda value, wanted: wanted in value,
}


def describe(matcher: Json) -> str:
    """`exact "x"`, `prefix "x"`, `regex "x"`."""
    if "safe_regex" in matcher:
        return f"regex {matcher['safe_regex']['regex']!r}"
    return next((f"{form} {matcher[form]!r}" for form in _TESTS if form in matcher), "exact ''")


def header_failure(matcher: Json, call: Call) -> str:
    """Why a header matcher does not take a call, or ""."""
    name = matcher["name"]
    value = call.header(name)
    inverted = bool(matcher.get("invert_match"))
    shown = f"{name}: {value!r}" if value is not None else f"{name} is absent"
    if "present_match" in matcher or not _string_form(matcher):
        present = (value is not None) == bool(matcher.get("present_match", True))
        return "" if present != inverted else f"{shown}, {'must not' if inverted else 'must'} be there"
    if value is None and not matcher.get("treat_missing_header_as_empty"):
        return f"{shown}, wanted {describe(_string_form(matcher))}"
    if matches(_string_form(matcher), value or "") != inverted:
        return ""
    return f"{shown}, wanted {'not ' if inverted else ''}{describe(_string_form(matcher))}"


def parameter_failure(matcher: Json, call: Call) -> str:
    """Why a query parameter matcher does not take a call, or ""."""
    name = matcher["name"]
    value = call.query.get(name)
    if "string_match" not in matcher:
        return "" if value is not None else f"query parameter {name} is absent"
    if value is not None and matches(matcher["string_match"], value):
        return ""
    shown = f"{name}: {value!r}" if value is not None else f"{name} is absent"
    return f"query parameter {shown}, wanted {describe(matcher['string_match'])}"


def _string_form(matcher: Json) -> Json:
    """The newer `string_match`, or the older fields beside the name."""
    if "string_match" in matcher:
        return dict(matcher["string_match"])
    older = {
        "exact_match": "exact",
        "prefix_match": "prefix",
        "suffix_match": "suffix",
        "contains_match": "contains",
    }
    found = {new: matcher[old] for old, new in older.items() if old in matcher}
    if "safe_regex_match" in matcher:
        found["safe_regex"] = matcher["safe_regex_match"]
    return found
