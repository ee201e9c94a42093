"""Nothing survives the lab: not a kill -9 of the lab, of the spawner, or of both; and not an orderly stop."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from meshtutor.embedded.kubelet.processes import Order, Spawner
from meshtutor.errors import LabError
from tests.embedded.world import pod, until, world

LAB = """
import asyncio, sys
from pathlib import Path
from tests.embedded.world import world, pod, until

async def main():
    async with world(Path(sys.argv[1])) as cluster:
        nested = {"command": ["sh", "-c", "sleep 1000 & sleep 1000"]}
        for name, container in (("one", None), ("two", None), ("nested", nested)):
            await cluster.api.create(pod(name, container))
            await cluster.running(name)
        print("up", cluster.kubelet.spawner_pid, flush=True)
        await asyncio.sleep(1000)

asyncio.run(main())
"""


@pytest.fixture
async def lab(tmp_path: Path):
    """A process that runs a kubelet with three pods; its spawner and all their processes."""
    command = [sys.executable, "-c", LAB, str(tmp_path)]
    root = Path(__file__).parents[3]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root, env=dict(os.environ))
    family: list[psutil.Process] = []
    try:
        assert process.stdout
        words = process.stdout.readline().split()
        assert words[:1] == ["up"], words
        spawner = psutil.Process(int(words[1]))

        def everyone() -> bool:  # the spawner, three containers, and the two sleeps of `nested`
            family[:] = [spawner, *spawner.children(recursive=True)]
            return len(family) == 6

        await until(everyone, "all processes run")
        yield process, spawner, family
    finally:
        process.kill()
        process.wait()


def all_gone(family: list[psutil.Process]) -> bool:
    return all(map(_has_ended, family))


def _has_ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def test_kill_9_of_the_lab_leaves_no_process(lab) -> None:
    process, _, family = lab
    process.kill()
    await until(lambda: all_gone(family), "all processes are gone")


async def test_sigterm_of_the_lab_leaves_no_process(lab) -> None:
    process, _, family = lab
    process.terminate()
    await until(lambda: all_gone(family), "all processes are gone")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
async def test_kill_9_of_lab_and_spawner_at_once_leaves_no_container(lab) -> None:
    process, spawner, family = lab
    direct = spawner.children()
    os.kill(process.pid, signal.SIGSTOP)  # so that it cannot react
    spawner.kill()
    process.kill()
    await until(lambda: all_gone(direct), "all containers are gone")
    for other in family:  # the second sleep of `nested` has no one left who knew it
        if other.is_running():
            other.kill()


async def test_an_orderly_stop_is_quick_even_if_a_program_is_deaf(tmp_path: Path) -> None:
    deaf = {
        "command": ["python", "-c", "import signal,time; signal.signal(15, signal.SIG_IGN); time.sleep(100)"]
    }
    async with world(tmp_path) as cluster:
        await cluster.api.create(pod("deaf", deaf, terminationGracePeriodSeconds=30))
        await cluster.running("deaf")
        assert cluster.kubelet
        pid = cluster.kubelet.pid("default", "deaf", "app")
        await asyncio.wait_for(cluster.kubelet.stop(), 4)
        assert not psutil.pid_exists(pid)


async def order(tmp_path: Path, *argv: str) -> Order:
    return Order([*argv], {"PATH": os.environ["PATH"], "A": "b"}, tmp_path, tmp_path / "log", {"nofile": 123})


async def test_the_spawner_tells_how_a_process_ended(tmp_path: Path) -> None:
    spawner = Spawner()
    try:
        process = await spawner(await order(tmp_path, "sh", "-c", "echo $A; pwd; ulimit -n; exit 3"))
        assert (await process.wait()).exit_code == 3
        assert (tmp_path / "log").read_text().split() == ["b", str(tmp_path), "123"]
        killed = await spawner(await order(tmp_path, "sleep", "100"))
        killed.signal(signal.SIGKILL)
        assert (await killed.wait()).exit_code == 137
    finally:
        await spawner.stop()


async def test_a_program_that_cannot_be_executed_is_named(tmp_path: Path) -> None:
    spawner = Spawner()
    try:
        with pytest.raises(LabError, match="No such file or directory: nope"):
            await spawner(await order(tmp_path, "nope"))
    finally:
        await spawner.stop()


async def test_processes_do_not_inherit_the_labs_files(tmp_path: Path) -> None:
    spawner = Spawner()
    secret = os.open(tmp_path / "secret", os.O_CREAT | os.O_RDWR)
    os.set_inheritable(secret, True)
    try:
        process = await spawner(await order(tmp_path, "ls", "-l", "/proc/self/fd"))
        await process.wait()
        assert "secret" not in (tmp_path / "log").read_text()
        assert "socket" not in (tmp_path / "log").read_text()
    finally:
        os.close(secret)
        await spawner.stop()
