"""Envoy's own answers -> the response flag its access log would show, where the text gives it away.

A client sees no flags; but Envoy answers in fixed words when it could not reach an upstream. Source of flags:
https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage#response-flags; of
the words: Envoy's source/common/router/router.cc, source/common/http/utility.cc and the fault filter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MEANING: Final = {
    "UH": "no healthy upstream host",
    "UO": "upstream overflow: a circuit breaker is open",
    "UF": "upstream connection failure",
    "UC": "upstream closed the connection",
    "UR": "upstream reset the request",
    "UT": "upstream request timeout",
    "DF": "the host's name could not be looked up",
    "FI": "fault injected: abort",
    "NR": "no route matches the request",
    "NC": "the route's cluster does not exist (a missing subset or host)",
    "RBAC": "denied by an AuthorizationPolicy",
}
_WORDS: Final = (
    ("no healthy upstream", "UH"),
    ("reset reason: overflow", "UO"),
    ("connection failure", "UF"),
    ("connection termination", "UC"),
    ("reset reason: remote reset", "UR"),
    ("upstream request timeout", "UT"),
    ("dns resolution failure", "DF"),
    ("fault filter abort", "FI"),
    ("rbac: access denied", "RBAC"),
)


def flag_of(status: int, headers: Mapping[str, str], body: str) -> str:
    """The response flag of an answer, or an empty string if it came from an application or is unclear.

    `headers` has lower-case names. RBAC is not one of Envoy's flags, but what a learner needs to see.
    """
    if status < 400 or "x-app-service" in headers:
        return ""
    lowered = body.lower()
    for words, flag in _WORDS:
        if words in lowered:
            return flag
    if (
        not body
        and "envoy" in headers.get("server", "envoy")
        and "x-envoy-upstream-service-time" not in headers
    ):
        return {404: "NR", 503: "NC"}.get(status, "")
    return ""
