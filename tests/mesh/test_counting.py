"""Counting by the servers' sidecars: copies that are under way belong to the requests before, not to those after."""

from __future__ import annotations

import pytest

import meshtutor as mt
from meshtutor.config import study

MANIFESTS = study() / "manifests"


@pytest.fixture
def mesh(lab):
    with mt.connect() as mesh:
        mesh.reset()
        mesh.apply(MANIFESTS / "06_split_traffic" / "destination-rule.yaml")
        mesh.apply(MANIFESTS / "12_mirror_traffic" / "reviews-mirror-v3.yaml")
        mesh.disturb("reviews-v3", delay_ms=300)
        yield mesh
        mesh.reset()


def test_what_was_sent_before_is_not_counted_and_what_is_sent_within_is_counted_whole(mesh):
    for n in (40, 60):  # copies of 40 are still under way when the next block begins
        mesh.send("reviews", n=50)
        with mesh.counting("reviews") as counted:
            mesh.send("reviews", n=n)
        assert counted.versions.counts == {"v1": n, "v3": n}
        assert counted.copies("v1", "v3").counts == {"copied": n, "not copied": 0}


def test_nothing_sent_is_nothing_counted(mesh):
    mesh.send("reviews", n=50)
    with mesh.counting("reviews") as counted:
        pass
    assert not counted.versions.n
    assert not counted.sent.n
    assert not counted.failed
