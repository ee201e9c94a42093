"""When rules were changed: by this notebook, by others, and by what objects say."""

from __future__ import annotations

from typing import Any

import pytest

from meshtutor.errors import NotFoundError
from meshtutor.kube import kinds
from meshtutor.mesh.changes import Change
from meshtutor.mesh.happenings import Happenings, Look, told_by
from meshtutor.mesh.noticing import look

START = 1767225600.0  # 2026-01-01T00:00:00Z
ROUTING = frozenset({("networking.istio.io", "VirtualService")})


class Clock:
    now = START

    def __call__(self) -> float:
        return self.now

    def stamp(self, seconds: float = 0.0) -> str:
        second = int(self.now + seconds - START)
        return f"2026-01-01T00:{second // 60:02d}:{second % 60:02d}Z"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def happenings(clock) -> Happenings:
    return Happenings(clock)


def rule(name: str, created: str, *changed: str, subresource: str = "", **meta: Any) -> dict:
    fields = [{"time": stamp, **({"subresource": subresource} if subresource else {})} for stamp in changed]
    made = {
        "name": name,
        "namespace": "default",
        "creationTimestamp": created,
        "managedFields": fields,
        **meta,
    }
    return {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": made}


def seen(*found: dict, kinds: frozenset[tuple[str, str]] = ROUTING) -> Look:
    return Look(list(found), kinds)


def told(happenings: Happenings) -> list[str]:
    return [str(one).removeprefix("VirtualService default/") for one in happenings.told()]


def test_an_object_tells_when_it_was_made_and_last_changed():
    found = told_by(rule("r", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z"))
    assert [(one.action, one.at) for one in found] == [("created", START), ("configured", START + 300)]


def test_a_status_that_was_written_is_no_change_of_the_rule(happenings, clock):
    told_once = told_by(rule("r", "2026-01-01T00:00:00Z", "2026-01-01T00:05:00Z", subresource="status"))
    assert [one.action for one in told_once] == ["created"]
    happenings.notice(seen(rule("r", clock.stamp(), generation=1, resourceVersion="1")))
    clock.now += 2
    written = rule(
        "r", clock.stamp(-2), clock.stamp(), subresource="status", generation=1, resourceVersion="2"
    )
    happenings.notice(seen(written))
    assert told(happenings) == ["r created"]


def test_what_was_done_here_is_told_once_and_deletions_are_remembered(happenings, clock):
    gone, theirs = rule("gone", clock.stamp()), rule("theirs", clock.stamp())
    happenings.notice(seen(gone))
    clock.now += 20
    mine = rule("mine", clock.stamp())
    happenings.remember(
        [Change("created", mine), Change("deleted", gone), Change("unchanged", rule("same", clock.stamp()))]
    )
    clock.now += 1.5
    happenings.notice(seen(mine, theirs))
    assert told(happenings) == ["gone created", "theirs created", "mine created", "gone deleted"]


def test_each_change_by_others_is_told_when_it_was(happenings, clock):
    created = clock.stamp()
    happenings.notice(seen(rule("r", created, generation=1)))
    for generation, after in enumerate((2.0, 2.0, 0.5), 2):
        clock.now += after
        happenings.notice(seen(rule("r", created, clock.stamp(), generation=generation)))
    clock.now += 2.0
    happenings.notice(seen())
    found = [(one.action, one.at - START) for one in happenings.told()]
    assert found == [
        ("created", 0), ("configured", 2), ("configured", 4), ("configured", 4.5), ("deleted", 6.5),
    ]  # fmt: skip
    clock.now += 2.0
    happenings.notice(seen())
    assert len(happenings.told()) == 5


def test_what_changes_only_by_a_subresource_is_told_by_its_generation(happenings, clock):
    happenings.notice(seen(rule("r", clock.stamp(), generation=1)))
    clock.now += 2
    happenings.notice(seen(rule("r", clock.stamp(-2), clock.stamp(), subresource="scale", generation=2)))
    assert told(happenings) == ["r created", "r configured"]


def test_what_was_replaced_between_two_looks_went_and_came(happenings, clock):
    happenings.notice(seen(rule("r", clock.stamp(), uid="a")))
    clock.now += 3
    happenings.notice(seen(rule("r", clock.stamp(), uid="b")))
    assert sorted(told(happenings)) == ["r created", "r created", "r deleted"]


def test_a_kind_that_cannot_be_read_for_a_moment_is_not_gone(happenings, clock):
    one = rule("r", clock.stamp())
    happenings.notice(seen(one))
    clock.now += 2
    happenings.notice(seen(kinds=frozenset()))
    assert told(happenings) == ["r created"]
    clock.now += 2
    happenings.notice(seen())
    assert told(happenings) == ["r created", "r deleted"]


def test_when_nobody_looked_the_moment_of_a_deletion_is_not_known_and_not_claimed(happenings, clock):
    happenings.notice(seen(rule("r", clock.stamp())))
    clock.now += 60
    happenings.notice(seen())
    assert told(happenings) == ["r created", "r found deleted"]


def test_a_deletion_that_was_done_here_while_nobody_looked_is_told_as_it_was_done(happenings, clock):
    one = rule("r", clock.stamp())
    happenings.notice(seen(one))
    clock.now += 30
    happenings.remember([Change("deleted", one)])
    clock.now += 30
    happenings.notice(seen())
    assert told(happenings) == ["r created", "r deleted"]


def test_two_gateways_of_one_name_are_two_objects(happenings, clock):
    istio = {**rule("g", clock.stamp()), "kind": "Gateway"}
    other = {**istio, "apiVersion": "gateway.networking.k8s.io/v1"}
    both = frozenset({("networking.istio.io", "Gateway"), ("gateway.networking.k8s.io", "Gateway")})
    happenings.notice(seen(istio, other, kinds=both))
    clock.now += 2
    happenings.notice(seen(istio, kinds=both))
    assert [one.action for one in happenings.told()] == ["created", "created", "deleted"]


def test_a_look_sees_the_gateway_api_and_tells_what_it_could_not_read(mesh, kubernetes, monkeypatch):
    kubernetes.put(
        {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "r"}}
    )
    kubernetes.put(
        {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": "v"}}
    )
    found = look(mesh.api, "default")
    assert {obj["kind"] for obj in found.objects} == {"HTTPRoute", "VirtualService"}
    assert {("gateway.networking.k8s.io", "Gateway"), ("apps", "Deployment")} <= found.kinds
    read = mesh.api.list

    def without_gateway_api(kind, *args):
        if kind.group == kinds.GATEWAY_API_GROUP:
            raise NotFoundError({"code": 404, "message": "the server could not find the requested resource"})
        return read(kind, *args)

    monkeypatch.setattr(mesh.api, "list", without_gateway_api)
    found = look(mesh.api, "default")
    assert [obj["kind"] for obj in found.objects] == ["VirtualService"]
    assert not [group for group, _ in found.kinds if group == kinds.GATEWAY_API_GROUP]
