"""Where pods run, and whose answers a caller got."""

from __future__ import annotations

from meshtutor.mesh.crossings import crossings
from meshtutor.mesh.places import REGION, ZONE, Place, places_of
from meshtutor.traffic.outcome import Outcome


def node(name: str, region: str = "", zone: str = "") -> dict:
    labels = {REGION: region, ZONE: zone} if region else {}
    return {"metadata": {"name": name, "labels": labels}}


def pod(name: str, node: str, version: str, **meta: str) -> dict:
    return {"metadata": {"name": name, "labels": {"version": version}, **meta}, "spec": {"nodeName": node}}


NODES = [node("n1", "europe", "europe-1"), node("n2", "brazil", "brazil-1"), node("n3")]
PODS = [
    pod("b", "n1", "v1"),
    pod("a", "n2", "v3"),
    pod("c", "n3", "v2"),
    pod("going", "n1", "v1", deletionTimestamp="2026-01-01T00:00:00Z"),
    {"metadata": {"name": "pending"}, "spec": {}},
]
PLACES = places_of(PODS, NODES)


def test_a_pod_is_where_its_node_is():
    assert dict(PLACES) == {
        "a": Place("brazil", "brazil-1", "n2", "v3"),
        "b": Place("europe", "europe-1", "n1", "v1"),
        "c": Place("", "", "n3", "v2"),
    }
    assert PLACES.regions == ("brazil", "europe")
    assert PLACES.pods("europe") == ["b"]
    assert repr(PLACES).splitlines()[0].split() == ["POD", "REGION", "ZONE", "NODE"]


def test_a_region_without_pods_is_one_as_well():
    assert places_of([], NODES).regions == ("brazil", "europe")


def answers(*pods: str, status: int = 200) -> list[Outcome]:
    return [Outcome(status, 1.0, pod=pod) for pod in pods]


def test_answers_are_counted_by_region_and_what_no_pod_gave_is_none():
    counted = PLACES.count(answers("a", "b", "b", "elsewhere", ""))
    assert counted.counts == {"brazil": 1, "europe": 2, "none": 2}
    assert counted.title == "region"


def test_crossings_tell_what_each_pod_answered_and_failed():
    sent = [*answers("a", "b", "b"), *answers("b", status=503), *answers("")]
    found = crossings("client", "europe", PLACES, sent, {"b": "ejected"})
    assert {(s.pod, s.answered, s.failed, s.state) for s in found.spots} == {
        ("a", 1, 0, "in"), ("b", 2, 1, "ejected"), ("c", 0, 0, "in")
    }  # fmt: skip
    assert (found.n, found.failed, found.lost) == (5, 2, 1)
    assert (found.share("europe").count, found.share("europe").n) == (3, 5)
