"""What Prometheus is told to scrape: kept in step with the pods that ask for it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from meshtutor.embedded.addons.targets import keep_targets, target
from meshtutor.embedded.apiserver.registry import Registry
from meshtutor.embedded.network import Block
from meshtutor.embedded.system import objects
from meshtutor.errors import ConflictError
from meshtutor.kube import kinds

ASKS = {
    "prometheus.io/scrape": "true",
    "prometheus.io/port": "15090",
    "prometheus.io/path": "/stats/prometheus",
}


def pod(
    name: str = "a", ip: str = "127.9.16.1", phase: str = "Running", annotations: dict[str, str] | None = None
) -> Any:
    meta = {
        "name": name,
        "namespace": "default",
        "labels": {"app": "reviews"},
        "annotations": annotations or ASKS,
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "status": {"podIP": ip, "phase": phase},
            "spec": {"containers": [{"name": "x", "image": "x"}]}}  # fmt: skip


def test_a_pod_that_asks_is_a_target_with_its_name():
    labels = {"namespace": "default", "pod": "a", "app": "reviews"}
    how = {"__metrics_path__": "/stats/prometheus", "__param_usedonly": "1"}
    assert target(pod()) == {"targets": ["127.9.16.1:15090"], "labels": {**how, **labels}}


def test_a_pod_may_ask_to_be_looked_at_more_often():
    often = target(pod(annotations={**ASKS, "prometheus.io/interval": "500ms"}))
    assert often["labels"]["__scrape_interval__"] == often["labels"]["__scrape_timeout__"] == "500ms"


@pytest.mark.parametrize(
    "silent", [pod(annotations={"x": "y"}), pod(ip=""), pod(phase="Failed"), pod(phase="Succeeded")]
)
def test_a_pod_that_does_not_ask_or_cannot_answer_is_none(silent):
    assert target(silent) is None


@pytest.fixture
async def api() -> AsyncIterator[Registry]:
    registry = Registry(Block(78))
    for obj in (one for one in objects() if kinds.kind_of(one) in kinds.BUILT_IN):
        with suppress(ConflictError):
            await registry.create(obj)
    keeper = asyncio.create_task(keep_targets(registry))
    yield registry
    keeper.cancel()


async def targets(api: Registry, expected: list[str]) -> float:
    """Wait until exactly these are targets; how long it took."""
    began = time.monotonic()
    while time.monotonic() < began + 5:
        found = json.loads(
            (await api.get(kinds.CONFIG_MAP, "prometheus", "istio-system"))["data"]["targets.json"]
        )
        if [address for group in found for address in group["targets"]] == expected:
            return time.monotonic() - began
        await asyncio.sleep(0.01)
    raise AssertionError(f"expected {expected}, found {found}")


async def test_a_new_pod_is_a_target_at_once_and_none_any_more_when_it_is_gone(api: Registry):
    made = await api.create({k: v for k, v in pod().items() if k != "status"})
    await targets(api, [])
    await api.update({**made, "status": pod()["status"]}, subresource="status")
    assert await targets(api, ["127.9.16.1:15090"]) < 1
    await api.delete(kinds.POD, "a", "default", grace_seconds=0)
    await targets(api, [])
