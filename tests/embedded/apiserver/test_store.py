"""The store: one counter, a log of changes that is bounded per resource."""

from __future__ import annotations

import asyncio

import pytest

from meshtutor.embedded.apiserver.store import Store
from meshtutor.errors import ApiStatusError
from meshtutor.kube.kinds import CONFIG_MAP, SECRET, Kind
from tests.embedded.apiserver.objects import config_map


def put(store: Store, kind: Kind, name: str) -> int:
    store.put(kind, config_map(name))
    return store.revision


def test_every_write_of_any_kind_is_one_revision() -> None:
    store = Store()
    first, second = put(store, CONFIG_MAP, "a"), put(store, SECRET, "b")
    assert second == first + 1
    assert store.get(SECRET, "default", "b")["metadata"]["resourceVersion"] == str(second)


def test_a_removal_has_a_revision_of_its_own() -> None:
    store = Store()
    before = put(store, CONFIG_MAP, "a")
    last = store.remove(CONFIG_MAP, store.get(CONFIG_MAP, "default", "a"))
    assert last["metadata"]["resourceVersion"] == str(before + 1)
    assert store.get(CONFIG_MAP, "default", "a") is None


def test_lists_are_in_the_order_of_namespace_and_name() -> None:
    store = Store()
    for space, name in (("b", "x"), ("a", "z"), ("a", "y")):
        store.put(CONFIG_MAP, config_map(name, space))
    found = [(o["metadata"]["namespace"], o["metadata"]["name"]) for o in store.objects(CONFIG_MAP)]
    assert found == [("a", "y"), ("a", "z"), ("b", "x")]


def test_changes_tell_the_state_before() -> None:
    store = Store()
    since = put(store, CONFIG_MAP, "a")
    store.put(CONFIG_MAP, config_map("a", x="1"))
    (change,) = store.changes([CONFIG_MAP.resource], since)
    assert (change.type, change.old["data"], change.object["data"]) == ("MODIFIED", {}, {"x": "1"})


def test_the_newest_change_of_some_resources_is_not_that_of_others() -> None:
    store = Store()
    first = put(store, CONFIG_MAP, "a")
    assert (store.newest([CONFIG_MAP.resource]), store.newest([SECRET.resource])) == (first, 0)
    second = put(store, SECRET, "b")
    assert store.newest([CONFIG_MAP.resource]) == first
    store.remove(CONFIG_MAP, store.get(CONFIG_MAP, "default", "a"))
    assert store.newest([CONFIG_MAP.resource, SECRET.resource]) == second + 1


def test_a_position_older_than_the_log_is_expired() -> None:
    store = Store(window=2)
    since = put(store, CONFIG_MAP, "a")
    for name in "bcd":
        put(store, CONFIG_MAP, name)
    with pytest.raises(ApiStatusError) as refused:
        store.changes([CONFIG_MAP.resource], since)
    assert (refused.value.code, refused.value.reason) == (410, "Expired")


def test_busy_kinds_do_not_shorten_the_history_of_quiet_ones() -> None:
    store = Store(window=2)
    since = store.revision
    put(store, SECRET, "quiet")
    for name in "abcdef":
        put(store, CONFIG_MAP, name)
    assert [c.object["metadata"]["name"] for c in store.changes([SECRET.resource], since)] == ["quiet"]


def test_a_position_in_the_future_is_expired_so_that_clients_of_an_earlier_lab_list_again() -> None:
    store = Store()
    with pytest.raises(ApiStatusError, match="too old resource version"):
        store.changes([CONFIG_MAP.resource], store.revision + 100)


async def test_a_follower_hears_of_changes_in_order_and_of_its_kinds_only() -> None:
    store = Store()
    heard: list[str] = []

    async def follow() -> None:
        async for batch in store.follow([CONFIG_MAP.resource], store.revision):
            heard.extend(change.object["metadata"]["name"] for change in batch)
            if len(heard) == 3:
                return

    task = asyncio.create_task(follow())
    await asyncio.sleep(0)
    for kind, name in ((CONFIG_MAP, "a"), (SECRET, "s"), (CONFIG_MAP, "b"), (CONFIG_MAP, "c")):
        put(store, kind, name)
    await asyncio.wait_for(task, 5)
    assert heard == ["a", "b", "c"]


async def test_a_follower_that_sleeps_through_the_window_is_told_so() -> None:
    store = Store(window=2)
    follower = store.follow([CONFIG_MAP.resource], store.revision)
    put(store, CONFIG_MAP, "a")
    assert len(await anext(follower)) == 1
    for name in "bcdef":
        put(store, CONFIG_MAP, name)
    with pytest.raises(ApiStatusError, match="too old"):
        await anext(follower)
