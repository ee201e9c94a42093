"""Exercises of 10 Prefer near pods."""

from __future__ import annotations

from typing import Final

from meshtutor.exercises.judges import Mostly, Places
from meshtutor.exercises.outages import Outage, Recovered
from meshtutor.exercises.task import Question, Task

TWO_REGIONS: Final = "10_prefer_near_pods/two-regions.yaml"
WHERE: Final = {"v1": "europe", "v2": "europe", "v3": "brazil"}


def _shares(about: str, shares: dict[str, float], from_pod: str | None = None) -> Question:
    """Few at once: under load Istio's default, LEAST_REQUEST, favours v1, which asks nobody else and is quick."""
    return Question(about, Places(shares, WHERE), n=300, from_pod=from_pod, concurrency=2)


TASKS: Final = (
    Task(
        name="10.1",
        title="Four of five stay at home",
        text="Of the requests for reviews 80 % stay in the region of their caller, 20 % cross the ocean. That holds "
        "for client in Europe and for tourist in Brazil. The pods are where the lesson has put them.",
        questions=(
            _shares("from client, in Europe", {"europe": 80, "brazil": 20}),
            _shares("from tourist, in Brazil", {"brazil": 80, "europe": 20}, from_pod="tourist"),
        ),
        hints=(
            "A DestinationRule for reviews, with `trafficPolicy.loadBalancer.localityLbSetting`.",
            "`distribute` is a list: each entry says `from` where, and `to` which places how many percent.",
            "Callers in Europe look for an entry `from: europe/*`, callers in Brazil for one `from: brazil/*`.",
        ),
        pods=(TWO_REGIONS,),
    ),
    Task(
        name="10.2",
        title="Near, and if need be far",
        text="As long as Europe is well, all requests of client for reviews stay there. When all pods of reviews in "
        "Europe fail, Brazil takes over: two seconds later at least 90 % of the requests are answered with 200.",
        questions=(
            Recovered("with Europe well", Places({"europe": 100}, WHERE), n=120),
            Outage("with Europe failing", Mostly("200", 0.9), n=150, region="europe"),
        ),
        hints=(
            "`localityLbSetting` with `enabled: true` prefers near pods; `failover` says which region is the next.",
            "Who tells Envoy that Europe fails? Without `outlierDetection` nobody does.",
            "All pods of Europe have to go: `maxEjectionPercent` is 10 by default, and they are half of all.",
        ),
        pods=(TWO_REGIONS,),
    ),
)
