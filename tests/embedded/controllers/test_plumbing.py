"""Informer, work queue and event recorder."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from meshtutor.embedded.api import Event
from meshtutor.embedded.apiserver.registry import Registry
from meshtutor.embedded.controllers.queue import WorkQueue
from meshtutor.embedded.informer import Informer
from meshtutor.embedded.recorder import Recorder
from meshtutor.errors import ApiStatusError
from meshtutor.kube.kinds import CONFIG_MAP, EVENT, Kind
from tests.embedded.world import BLOCK, config_map, until


async def registry() -> Registry:
    api = Registry(BLOCK)
    await api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
    return api


async def test_a_key_added_twice_is_handled_once() -> None:
    queue = WorkQueue()
    queue.add(("a", "b"))
    queue.add(("a", "c"))
    queue.add(("a", "b"))
    assert [await queue.get(), await queue.get()] == [("a", "b"), ("a", "c")]
    waiting = asyncio.ensure_future(queue.get())
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()


async def test_an_informer_knows_its_own_writes_before_the_watch_tells() -> None:
    api = await registry()
    informer = Informer(api, CONFIG_MAP)
    made = await informer.create(config_map("a", {"k": "1"}))
    assert informer.get(CONFIG_MAP, "a", "default") == made
    await informer.delete(made)
    held = informer.get(CONFIG_MAP, "a", "default")
    assert held is None or held["metadata"]["deletionTimestamp"]


async def test_an_informer_tells_late_subscribers_what_is_there() -> None:
    api = await registry()
    await api.create(config_map("a", {}))
    informer = Informer(api, CONFIG_MAP)
    run = asyncio.create_task(informer.run())
    await informer.synced()
    seen: list[str] = []
    informer.subscribe(lambda event: seen.append(f"{event.type} {event.object['metadata']['name']}"))
    await api.create(config_map("b", {}))
    await api.delete(CONFIG_MAP, "b", "default")
    await until(lambda: len(seen) == 3, "three events were told")
    assert seen == ["ADDED a", "ADDED b", "DELETED b"]
    run.cancel()


class Forgetful:
    """An API whose watch ends with 410 once, as for a client that fell behind, while an object goes."""

    def __init__(self, api: Registry) -> None:
        self._api = api
        self._watches = 0

    async def watch(self, *kinds: Kind) -> AsyncIterator[Event]:
        self._watches += 1
        async for event in self._api.watch(*kinds):
            yield event
            if self._watches == 1 and event.type == "BOOKMARK":
                await self._api.delete(CONFIG_MAP, "a", "default")
                raise ApiStatusError(
                    {"code": 410, "reason": "Expired", "message": "too old resource version"}
                )


async def test_an_informer_that_fell_behind_notices_what_went_meanwhile() -> None:
    api = await registry()
    await api.create(config_map("a", {}))
    await api.create(config_map("b", {}))
    informer = Informer(Forgetful(api), CONFIG_MAP)  # type: ignore[arg-type]
    run = asyncio.create_task(informer.run())
    await until(lambda: [o["metadata"]["name"] for o in informer.list(CONFIG_MAP)] == ["b"], "only b is left")
    run.cancel()


async def test_equal_events_are_one_with_a_count() -> None:
    api = await registry()
    obj = await api.create(config_map("a", {}))
    recorder = Recorder(api, "tester")
    for _ in range(3):
        recorder.warning(obj, "Unhealthy", "it hurts")
    recorder.normal(obj, "Started", "it runs", container="app")
    await recorder.flush()
    recorder.warning(obj, "Unhealthy", "it hurts")
    await recorder.flush()
    events = {e["reason"]: e for e in await api.list(EVENT)}
    assert events["Unhealthy"]["count"] == 4
    assert events["Unhealthy"]["type"] == "Warning"
    assert events["Started"]["involvedObject"]["fieldPath"] == "spec.containers{app}"
    assert len(events) == 2


async def test_only_the_newest_events_are_kept() -> None:
    api = await registry()
    obj = await api.create(config_map("a", {}))
    recorder = Recorder(api, "tester")
    for number in range(520):
        recorder.normal(obj, "Counted", str(number))
    await recorder.flush()
    kept = {e["message"] for e in await api.list(EVENT)}
    assert len(kept) == 500
    assert "519" in kept
    assert "0" not in kept
