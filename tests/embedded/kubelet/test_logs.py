"""Logs: tails, bounds, following."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from meshtutor.embedded.kubelet import logs
from meshtutor.errors import MeshtutorError
from tests.embedded.world import World, code, pod, until


async def text(path: Path, **options: object) -> str:
    return b"".join([chunk async for chunk in logs.read(path, **options)]).decode()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("tail", "expected"), [(None, "1\n2\n3\n"), (2, "2\n3\n"), (0, ""), (9, "1\n2\n3\n")]
)
async def test_the_last_lines(tmp_path: Path, tail: int | None, expected: str) -> None:
    (tmp_path / "log").write_text("1\n2\n3\n")
    assert await text(tmp_path / "log", tail_lines=tail) == expected


async def test_a_tail_of_a_long_log_whose_last_line_is_not_ended(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("x" * 200_000 + "\nlast but one\nlast")
    assert await text(tmp_path / "log", tail_lines=2) == "last but one\nlast"


async def test_no_more_bytes_than_asked_for(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("0123456789")
    assert await text(tmp_path / "log", limit_bytes=4) == "0123"


def test_a_log_above_its_bound_keeps_its_newest_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("".join(f"line {n}\n" for n in range(1000)))
    logs.trim(path, limit=5000, kept=100)
    lines = path.read_text().splitlines()
    assert "older lines were dropped" in lines[0]
    assert lines[-1] == "line 999"
    assert len(lines) < 15


async def test_a_follower_sees_lines_as_they_come_and_survives_trimming(tmp_path: Path) -> None:
    path, alive, seen = tmp_path / "log", True, b""
    path.write_text("".join(f"line {n}\n" for n in range(1000)))

    async def follow() -> None:
        nonlocal seen
        async for chunk in logs.read(path, follow=lambda: alive):
            seen += chunk

    task = asyncio.create_task(follow())
    await until(lambda: b"line 999\n" in seen, "the old lines")
    logs.trim(path, limit=100, kept=50)
    await until(lambda: b"older lines were dropped" in seen, "the cut")
    with path.open("a") as file:
        file.write("after\n")
    await until(lambda: b"after\n" in seen, "the new line")
    alive = False
    await asyncio.wait_for(task, 5)


async def test_following_a_container_ends_with_its_run(cluster: World) -> None:
    program = "import time\nfor n in range(3): print(n, flush=True); time.sleep(0.05)"
    await cluster.api.create(pod("one", code(program), restartPolicy="Never"))
    await cluster.state("one", lambda s: "waiting" not in s["state"])
    assert cluster.kubelet
    source = cluster.kubelet.logs.read("default", "one", "app", follow=True)
    assert b"".join([c async for c in source]) == b"0\n1\n2\n"


@pytest.mark.parametrize(
    ("name", "container", "previous", "message"),
    [
        ("two", "app", False, 'pod "two" does not run'),
        ("one", "web", False, "container web is not valid for pod one"),
        ("one", "app", True, 'previous terminated container "app" in pod "one" not found'),
    ],
)
async def test_a_log_that_is_not_there_is_named(
    cluster: World, name: str, container: str, previous: bool, message: str
) -> None:
    await cluster.api.create(pod("one"))
    await cluster.running("one")
    assert cluster.kubelet
    with pytest.raises(MeshtutorError, match=message):
        async for _ in cluster.kubelet.logs.read("default", name, container, previous=previous):
            pass
