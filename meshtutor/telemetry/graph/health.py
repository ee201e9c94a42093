"""Kiali's rules for the colours of a graph.

Source: https://kiali.io/docs/configuration/health/ (the default `health_config`): of HTTP's 5xx and gRPC's codes but 0
any is degraded and 10 % are a failure; of 4xx 10 % and 20 %. A share counts only above zero, and the worst of all rules
wins (kiali/kiali, frontend types/Health.ts). Requests that got no answer have no code and no rule there; they count as
5xx here, as nobody would call them healthy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

Health = Literal["idle", "healthy", "degraded", "failure"]
NO_ANSWER: Final = "-"
_ORDER: Final[tuple[Health, ...]] = ("idle", "healthy", "degraded", "failure")


@dataclass(frozen=True)
class Tolerance:
    """From which shares (0..1) of requests with such codes on something is degraded, and failing."""

    codes: re.Pattern[str]
    protocol: str
    degraded: float
    failure: float

    def judge(self, share: float) -> Health:
        """The health by this rule alone."""
        if share <= 0:
            return "healthy"
        if share >= self.failure:
            return "failure"
        return "degraded" if share >= self.degraded else "healthy"


TOLERANCES: Final = (
    Tolerance(re.compile(r"5\d\d|-"), "http", 0.0, 0.10),
    Tolerance(re.compile(r"4\d\d"), "http", 0.10, 0.20),
    Tolerance(re.compile(r"[1-9]|1[0-6]|-"), "grpc", 0.0, 0.10),
)


def worst(states: Iterable[Health]) -> Health:
    """The worst of several; idle if there are none."""
    return max(states, key=_ORDER.index, default="idle")


def of_codes(codes: Mapping[str, float], protocol: str) -> Health:
    """The health of requests by response code (any unit of rate); idle without requests."""
    total = sum(codes.values())
    if total <= 0:
        return "idle"
    if protocol == "tcp":
        return "healthy"
    rules = [rule for rule in TOLERANCES if rule.protocol == protocol]
    shares = (sum(rate for code, rate in codes.items() if rule.codes.fullmatch(code)) for rule in rules)
    return worst(["healthy", *(rule.judge(share / total) for rule, share in zip(rules, shares, strict=True))])


def is_error(code: str, protocol: str) -> bool:
    """Whether a response counts as an error: HTTP's 4xx and 5xx, gRPC's codes but 0, no answer at all."""
    if protocol == "grpc" and len(code) < 3:
        return code != "0"
    return code[:1] in ("4", "5") or code == NO_ANSWER


def of_pods(ready: int, total: int) -> Health:
    """The health of a workload by its pods: none ready is a failure, some is degraded (Kiali's workload status)."""
    if total == 0:
        return "idle"
    return "failure" if ready == 0 else "degraded" if ready < total else "healthy"
