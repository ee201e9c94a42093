"""Who is ejected, by Envoy's own page."""

from __future__ import annotations

from meshtutor.charts import ejecting
from meshtutor.telemetry.ejections import EJECTED, IN, UNHEALTHY, Spell, spells, states_of

HOST = "reviews.default.svc.cluster.local"
PODS = {"127.1.16.1": "reviews-v1", "127.1.16.2": "reviews-v2", "127.1.16.3": "reviews-v3"}


def cluster(name, **health):
    hosts = [
        {"address": {"socket_address": {"address": ip}}, "health_status": flags}
        for ip, flags in health.items()
    ]
    return {"name": name, "host_statuses": hosts}


def at(last: int) -> str:
    return f"127.1.16.{last}"


def test_a_pod_that_one_cluster_of_the_host_ejects_counts_as_ejected():
    fine = {"eds_health_status": "HEALTHY"}
    page = {"cluster_statuses": [
        cluster(f"outbound|9080||{HOST}", **{at(1): fine, at(2): fine, at(3): {"eds_health_status": "UNHEALTHY"}}),
        cluster(f"outbound|9080|v2|{HOST}", **{at(2): {"failed_outlier_check": True, **fine}}),
        cluster("outbound|9080||other.default.svc.cluster.local", **{at(1): {"failed_outlier_check": True}}),
        cluster(f"outbound|9080||{HOST}", **{"10.9.9.9": fine}),
    ]}  # fmt: skip
    assert states_of(page, HOST, PODS) == {"reviews-v1": IN, "reviews-v2": EJECTED, "reviews-v3": UNHEALTHY}


def test_samples_become_spells_without_gaps():
    samples = [
        (0.0, {"a": IN, "b": IN}),
        (1.0, {"a": EJECTED, "b": IN}),
        (2.0, {"a": EJECTED}),
        (3.0, {"a": IN}),
    ]
    assert spells(samples) == [
        Spell("a", IN, 0.0, 1.0), Spell("a", EJECTED, 1.0, 3.0), Spell("a", IN, 3.0, 3.0), Spell("b", IN, 0.0, 1.0)
    ]  # fmt: skip
    assert ejecting.words(spells(samples)) == "a was ejected for 2.0 s"


def test_bars_are_cut_at_the_left_edge():
    found = [Spell("a", EJECTED, 0.0, 75.0), Spell("b", EJECTED, 0.0, 10.0)]
    assert ejecting.bars(EJECTED, found, now=80.0) == (["a"], [-30.0], [25.0])
    assert len(ejecting.ejected(found, 80.0).data) == len(ejecting.STATES)
