"""Marks in a notebook of its own, beside the lesson's, on a running lab."""

from __future__ import annotations

import copy

import pytest

import meshtutor as mt
from meshtutor.kube import manifests

LESSON = "manifests/14_use_the_gateway_api"
ROUTE = f"{LESSON}/reviews-v1-70-v3-30.yaml"
NAME = "HTTPRoute default/reviews"


@pytest.fixture
def lesson(lab):
    with mt.connect() as mesh:
        mesh.reset()
        yield mesh
        mesh.reset()


@pytest.fixture
def panel(lesson):
    """What the living mesh has: a Mesh of its own, which did nothing."""
    with mt.connect() as mesh:
        yield mt.widgets.Dashboard(mesh).model


def shifted(weight: int) -> dict:
    (route,) = copy.deepcopy(list(manifests.load(ROUTE)))
    for rule in route["spec"]["rules"]:
        for ref in rule["backendRefs"]:
            ref["weight"] = weight
    return route


def marked(model) -> list[str]:
    assert model.refresh(), model.error
    return [one.action for one in model.done if one.title == NAME]


def test_each_move_and_the_end_of_a_rule_is_marked_and_what_the_controller_writes_is_not(lesson, panel):
    assert marked(panel) == []
    lesson.apply(f"{LESSON}/services-per-version.yaml")
    lesson.apply(ROUTE)
    assert marked(panel) == ["created"]
    assert lesson.conditions("HTTPRoute", "reviews")  # its status has been written
    assert marked(panel) == ["created"]
    for moves, weight in enumerate((10, 20), 1):
        lesson.apply(shifted(weight))
        assert marked(panel) == ["created", *["configured"] * moves]
    lesson.reset()
    assert marked(panel)[3:] in (["deleted"], ["found deleted"])
    own = [one.action for one in lesson.happenings.told() if one.title == NAME]
    assert own == ["created", "configured", "configured", "deleted"]
