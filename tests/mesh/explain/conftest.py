"""A mesh with the study's subsets, and rules for one test."""

from __future__ import annotations

import pytest

import meshtutor as mt
from tests.mesh.situations import SUBSETS


@pytest.fixture(scope="module")
def mesh(lab):
    with mt.connect() as connected:
        connected.reset()
        connected.apply(SUBSETS)
        yield connected
        connected.reset()


@pytest.fixture
def under(mesh):
    """Apply a rule for one test."""
    applied = []

    def apply(rule):
        if rule:
            mesh.apply(rule)
            applied.append(rule)
        return mesh

    yield apply
    for rule in applied:
        mesh.delete(rule)
