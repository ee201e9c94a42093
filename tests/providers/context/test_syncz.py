"""Istiod's own account of its proxies, as recorded from a real one, and in the form of older versions."""

from __future__ import annotations

from meshtutor.providers.context import syncz

NEW = {
    "cluster_id": "Kubernetes", "proxy": "reviews-v1-1.default", "proxy_type": "sidecar", "istio_version": "1.30.3",
    "cluster_sent": "2026/7a", "cluster_acked": "2026/7a", "route_sent": "2026/7b", "route_acked": "2026/6x",
    "resources": {
        "type.googleapis.com/envoy.config.cluster.v3.Cluster": {"sent": "2026/7a", "acked": "2026/7a"},
        "type.googleapis.com/envoy.config.route.v3.RouteConfiguration": {
            "sent": "2026/7b", "acked": "2026/6x", "lastError": "duplicate route",
        },
        "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment": {"sentTime": "0001-01-01T00:00:00Z"},
    },
}  # fmt: skip
OLD = {"proxy": "a.b", "listener_sent": "n1", "listener_acked": "n1", "route_sent": "n2"}


def test_each_type_of_each_proxy_has_a_state() -> None:
    types = syncz.read([[NEW]])["reviews-v1-1.default"]
    assert {name: sync.state for name, sync in types.items()} == {"CDS": "ACK", "RDS": "NACK"}
    assert types["RDS"].error == "duplicate route"


def test_the_older_form_without_errors_is_read_too() -> None:
    types = syncz.read([[OLD]])["a.b"]
    assert {name: sync.state for name, sync in types.items()} == {"LDS": "ACK", "RDS": "PENDING"}


def test_the_pages_of_several_istiods_are_one_table() -> None:
    assert set(syncz.read([[NEW], [OLD], []])) == {"reviews-v1-1.default", "a.b"}


def test_what_was_sent_in_between() -> None:
    before = syncz.read([[OLD]])
    after = syncz.read([[{**OLD, "route_sent": "n3"}, NEW]])
    assert syncz.changed(before, after) == {"a.b": ("RDS",), "reviews-v1-1.default": ("CDS", "RDS")}
    assert syncz.changed(after, after) == {}


def test_the_newest_version_that_istiod_holds() -> None:
    configs = [{"metadata": {"resourceVersion": v}} for v in ("7", "120", "not-a-number")] + [{}]
    assert syncz.newest_version(configs) == 120
    assert syncz.newest_version([]) == 0
