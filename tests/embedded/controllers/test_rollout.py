"""The arithmetic of rollouts, in tables."""

from __future__ import annotations

from typing import Any

import pytest

from meshtutor.embedded.api import Object
from meshtutor.embedded.controllers import rollout
from meshtutor.embedded.controllers.rollout import MAXIMUM


def deployment(replicas: int, **rolling: Any) -> Object:
    return {
        "metadata": {"name": "d"},
        "spec": {"replicas": replicas, "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling}},
    }


def replica_set(name: str, size: int, available: int | None = None, maximum: int | None = None) -> Object:
    notes = {MAXIMUM: str(maximum)} if maximum is not None else {}
    status = {"availableReplicas": size if available is None else available}
    return {"metadata": {"name": name, "annotations": notes}, "spec": {"replicas": size}, "status": status}


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "posts"),
    [
        (4, "25%", "25%", (1, 1)),
        (10, "25%", "25%", (3, 2)),
        (1, "25%", "25%", (1, 0)),
        (4, 0, 0, (0, 1)),
        (3, 2, 1, (2, 1)),
    ],
)
def test_shares_are_rounded_so_that_a_rollout_can_go_on(
    replicas: int, surge: Any, unavailable: Any, posts: tuple[int, int]
) -> None:
    assert rollout.fenceposts(deployment(replicas, maxSurge=surge, maxUnavailable=unavailable)) == posts


@pytest.mark.parametrize(
    ("new", "old", "plan"),
    [
        ((0, 0), (4, 4), {"new": 1}),  # up by the surge
        ((1, 0), (4, 4), {}),  # wait: the new pod does not serve yet, and none may be missing
        ((1, 1), (4, 4), {"old": 3}),  # now an old one may go
        ((4, 4), (1, 1), {"old": 0}),
        ((1, 0), (4, 3), {"old": 3}),  # a broken old pod serves nobody, so it may go
        ((4, 4), (0, 0), {}),
    ],
)
def test_a_rolling_update_without_unavailable_pods(
    new: tuple[int, int], old: tuple[int, int], plan: dict[str, int]
) -> None:
    given = deployment(4, maxSurge=1, maxUnavailable=0)
    if plan == {"old": 3} and old[1] == 3:
        given = deployment(4, maxSurge=1, maxUnavailable=1)
    assert rollout.rolling_update(given, replica_set("new", *new), [replica_set("old", *old)]) == plan


def test_unavailable_old_pods_go_first() -> None:
    given = deployment(4, maxSurge=0, maxUnavailable=2)
    olds = [replica_set("healthy", 2), replica_set("broken", 2, 0)]
    assert rollout.rolling_update(given, replica_set("new", 0), olds) == {"broken": 0}


def test_recreate_goes_down_first_and_up_only_when_nothing_runs() -> None:
    given, new, old = deployment(3), replica_set("new", 0), replica_set("old", 3)
    assert rollout.recreate(given, new, [old], old_pods_run=True) == {"old": 0}
    empty = replica_set("old", 0)
    assert rollout.recreate(given, new, [empty], old_pods_run=True) == {}
    assert rollout.recreate(given, new, [empty], old_pods_run=False) == {"new": 3}


def test_scaling_in_mid_rollout_keeps_the_shares() -> None:
    given = deployment(20, maxSurge=0, maxUnavailable=1)
    new, old = replica_set("new", 3, maximum=10), replica_set("old", 7, maximum=10)
    assert rollout.rescale(given, new, [old]) == {"new": 6, "old": 14}


def test_scaling_one_replica_set_gives_it_all() -> None:
    assert rollout.rescale(deployment(5), replica_set("new", 2), []) == {"new": 5}
