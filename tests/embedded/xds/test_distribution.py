from __future__ import annotations

import asyncio

from meshtutor.embedded.xds.distribution import Distribution


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def tracked() -> tuple[Distribution, Clock, list[float]]:
    clock, seen = Clock(), []
    return Distribution(seen.append, clock), clock, seen


async def test_times_count_from_the_commit():
    distribution, clock, seen = tracked()
    distribution.record(5, 100.0, {"a.default": ("RDS",)})
    clock.now = 100.0042
    distribution.settled("a.default", {})
    report = await distribution.wait(5, 1)
    assert report == {
        "resourceVersion": "5", "complete": True, "milliseconds": 4.2,
        "proxies": [{"proxy": "a.default", "state": "ACK", "milliseconds": 4.2, "types": ["RDS"], "error": ""}],
    }  # fmt: skip
    assert [round(value, 4) for value in seen] == [0.0042]


async def test_waiting_ends_with_the_last_answer():
    distribution, _, _ = tracked()
    distribution.record(5, 100.0, {"a": ("RDS",), "b": ("RDS",)})
    waiting = asyncio.create_task(distribution.wait(5, 5))
    distribution.settled("a", {})
    await asyncio.sleep(0)
    assert not waiting.done()
    distribution.settled("b", {"RDS": "no"})
    report = await waiting
    assert [(row["proxy"], row["state"], row["error"]) for row in report["proxies"]] == [
        ("a", "ACK", ""),
        ("b", "NACK", "no"),
    ]


async def test_an_answer_that_does_not_come_is_pending():
    distribution, _, _ = tracked()
    distribution.record(5, 100.0, {"a": ("RDS",)})
    report = await distribution.wait(5, 0.01)
    assert not report["complete"]
    assert report["proxies"][0]["state"] == "PENDING"


async def test_a_refusal_of_another_type_is_not_this_changes_fault():
    distribution, _, _ = tracked()
    distribution.record(5, 100.0, {"a": ("RDS",)})
    distribution.settled("a", {"CDS": "older trouble"})
    assert (await distribution.wait(5, 1))["proxies"][0]["state"] == "ACK"


async def test_nobody_waits_for_a_proxy_that_has_gone():
    distribution, _, _ = tracked()
    distribution.record(5, 100.0, {"a": ("RDS",)})
    distribution.gone("a")
    assert (await distribution.wait(5, 1)) == {
        "resourceVersion": "5",
        "complete": True,
        "milliseconds": 0.0,
        "proxies": [],
    }


async def test_a_revision_of_a_kind_that_is_not_watched_is_not_waited_for():
    distribution, _, _ = tracked()
    distribution.record(5, 100.0, {})
    async with asyncio.timeout(5):
        assert (await distribution.wait(9, 60, newest=5))["complete"]


async def test_a_change_that_is_on_its_way_is_waited_for_however_late_it_comes():
    distribution, _, _ = tracked()
    distribution.record(5, 100.0, {})
    waiting = asyncio.create_task(distribution.wait(9, 60, newest=7))
    done, _ = await asyncio.wait({waiting}, timeout=0.2)
    assert not done
    distribution.record(7, 100.0, {"a": ("RDS",)})
    distribution.settled("a", {})
    async with asyncio.timeout(5):
        assert (await waiting)["complete"]


async def test_the_report_names_only_what_the_revision_or_the_span_concerned():
    distribution, _, _ = tracked()
    distribution.record(5, 100.0, {"a": ("RDS",)})
    distribution.record(6, 100.0, {"b": ("RDS",)})
    for proxy in "ab":
        distribution.settled(proxy, {})
    assert [row["proxy"] for row in (await distribution.wait(6, 1))["proxies"]] == ["b"]
    assert [row["proxy"] for row in (await distribution.wait(6, 1, since=4))["proxies"]] == ["a", "b"]


async def test_earlier_changes_are_waited_for_too():
    distribution, _, _ = tracked()
    distribution.record(5, 100.0, {"a": ("CDS",)})
    distribution.record(6, 100.0, {})
    assert not (await distribution.wait(6, 0.01))["complete"]
