"""Questions that break a region: which pods are broken when, and that they are well afterwards whatever happened."""

from __future__ import annotations

import pytest

from meshtutor.errors import NotReadyError
from meshtutor.exercises import outages
from meshtutor.exercises.judges import Mostly
from meshtutor.exercises.outages import Outage, Recovered
from meshtutor.exercises.task import ONE_LOOK
from meshtutor.mesh.places import Place, Places
from meshtutor.traffic.outcome import Outcome
from meshtutor.traffic.report import Report

PLACES = Places(
    {"a": Place("europe", "", "n1"), "b": Place("brazil", "", "n2"), "c": Place("europe", "", "n1")}
)


class Mesh:
    """Answers 503 while anything is broken; notes what was sent while what was broken."""

    def __init__(self, *states: str) -> None:
        self.broken: set[str] = set()
        self.sent: list[tuple[int, set[str]]] = []
        self.states = list(states) or ["in"]
        self.stumbles = False

    def places(self, labels: str) -> Places:
        assert labels == "app=reviews"
        return PLACES

    def disturb(self, pod: str, status: int = 0) -> None:
        (self.broken.add if status else self.broken.discard)(pod)

    def send(self, target: str, n: int, **rest: object) -> Report:
        if self.stumbles:
            raise KeyboardInterrupt
        self.sent.append((n, set(self.broken)))
        return Report("", (Outcome(503 if self.broken else 200, 1.0),) * n)

    def pod_states(self, service: str, from_pod: str | None) -> dict[str, str]:
        del service, from_pod
        return {"a": self.states.pop(0) if len(self.states) > 1 else self.states[0]}


def outage() -> Outage:
    return Outage("in an outage", Mostly("200"), 50, region="europe")


def test_the_pods_of_the_region_fail_while_it_is_measured_and_are_well_afterwards():
    mesh = Mesh()
    assert not outage().ask(mesh, 50, ONE_LOOK).ok
    assert mesh.sent == [(60, {"a", "c"}), (50, {"a", "c"})]
    assert not mesh.broken


def test_they_are_well_even_if_the_measurement_breaks_off():
    mesh = Mesh()
    mesh.stumbles = True
    with pytest.raises(KeyboardInterrupt):
        outage().ask(mesh, 50, ONE_LOOK)
    assert not mesh.broken


def test_a_recovered_mesh_is_waited_for():
    mesh = Mesh("ejected", "ejected", "in")
    assert Recovered("well", Mostly("200"), 50).ask(mesh, 50, ONE_LOOK).ok
    assert mesh.states == ["in"]


def test_pods_that_stay_ejected_are_not_waited_for_forever(monkeypatch):
    monkeypatch.setattr(outages, "_BACK", 0.0)
    with pytest.raises(NotReadyError, match="reviews are ejected"):
        Recovered("well", Mostly("200"), 50).ask(Mesh("ejected"), 50, ONE_LOOK)
