"""Pods as processes: from the object to a running program and back."""

from __future__ import annotations

import json
from pathlib import Path

import psutil

from meshtutor.embedded.api import Object
from meshtutor.kube.kinds import CONFIG_MAP, POD
from tests.embedded.world import SERVER, World, code, config_map, pod, until


async def log(cluster: World, name: str, container: str = "app", *, previous: bool = False) -> str:
    assert cluster.kubelet
    chunks = [c async for c in cluster.kubelet.logs.read("default", name, container, previous=previous)]
    return b"".join(chunks).decode()


async def logged(cluster: World, name: str, text: str) -> str:
    async def look() -> str | None:
        told = await log(cluster, name)
        return told if text in told else None

    await cluster.state(
        name, lambda s: "running" in s["state"] or s.get("lastState") or "terminated" in s["state"]
    )
    return await until(look, f"{text!r} is in the log of {name}")


async def test_a_pod_runs_its_program_and_tells_its_state(cluster: World) -> None:
    await cluster.api.create(pod("one", code("import time; print('hello', flush=True); time.sleep(100)")))
    found = await cluster.running("one")
    status = found["status"]
    assert status["phase"] == "Running"
    assert status["podIP"].startswith(f"127.{cluster.block.number}.16.")
    assert {c["type"]: c["status"] for c in status["conditions"]} == {
        "PodReadyToStartContainers": "True", "Initialized": "True", "Ready": "True", "ContainersReady": "True",
        "PodScheduled": "True",
    }  # fmt: skip
    (container,) = status["containerStatuses"]
    assert psutil.pid_exists(int(container["containerID"].removeprefix("process://")))
    assert "hello" in await logged(cluster, "one", "hello")
    assert await cluster.event("Started", "Started container app")


async def test_a_deleted_pod_gets_sigterm_and_leaves_nothing(cluster: World) -> None:
    program = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('goodbye', flush=True), sys.exit(0)))\n"
        "print('ready', flush=True); time.sleep(100)"
    )
    await cluster.api.create(pod("one", code(program)))
    await logged(cluster, "one", "ready")
    pid = cluster.kubelet.pid("default", "one", "app")
    await cluster.api.delete(POD, "one", "default")
    assert await until(lambda: _gone(cluster, "one"), "the pod is gone")
    assert not psutil.pid_exists(pid)
    assert not list((cluster.directory / "pods").iterdir())
    assert await cluster.event("Killing", "Stopping container app")


async def _gone(cluster: World, name: str) -> bool:
    return await cluster.get(POD, name) is None


async def test_a_program_that_ignores_sigterm_is_killed_after_the_grace_period(cluster: World) -> None:
    program = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('deaf', flush=True); time.sleep(100)"
    )
    await cluster.api.create(pod("one", code(program), terminationGracePeriodSeconds=10))
    await logged(cluster, "one", "deaf")
    await cluster.api.delete(POD, "one", "default")
    await until(lambda: _gone(cluster, "one"), "the pod is gone", seconds=5)


async def test_all_processes_of_a_container_end_with_it(cluster: World) -> None:
    command = {"command": ["sh", "-c", "sleep 1000 & echo child $!; wait"]}
    await cluster.api.create(pod("one", command))
    child = int((await logged(cluster, "one", "child")).split()[1])
    assert psutil.pid_exists(child)
    await cluster.api.delete(POD, "one", "default")
    await until(lambda: _gone(cluster, "one"), "the pod is gone")
    assert not psutil.pid_exists(child)


async def test_environment_volumes_and_arguments_reach_the_program(cluster: World) -> None:
    told = "[dict(os.environ), sys.argv, open(sys.argv[1]).read(), os.getcwd()]"
    program = f"import json, os, sys\nprint(json.dumps({told}), flush=True)"
    await cluster.api.create(config_map("settings", {"color": "blue", "app.py": program}))
    await cluster.api.create(config_map("hidden", {"key": "s3cret"}, "Secret"))
    env = [
        {"name": "COLOR", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "color"}}},
        {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "hidden", "key": "key"}}},
        {"name": "ME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "GREETING", "value": "$(ME) likes $(COLOR)"},
        {"name": "WHERE", "value": "/etc/settings/color"},
    ]
    container = {
        "command": ["python", "/etc/settings/app.py"],
        "args": ["/etc/settings/color", "$(GREETING)"],
        "workingDir": "/etc/settings",
        "env": env,
        "volumeMounts": [{"name": "s", "mountPath": "/etc/settings"}],
    }
    volumes = [{"name": "s", "configMap": {"name": "settings"}}]
    await cluster.api.create(pod("one", container, volumes=volumes, restartPolicy="Never"))
    await cluster.state("one", lambda s: "terminated" in s["state"])
    variables, arguments, read, directory = json.loads(await log(cluster, "one"))
    ip = (await cluster.api.get(POD, "one", "default"))["status"]["podIP"]
    assert [variables[n] for n in ("COLOR", "KEY", "ME", "IP")] == ["blue", "s3cret", "one", ip]
    assert variables["HOSTNAME"] == "one"
    assert variables["BIND_ADDRESS"] == ip
    assert variables["http_proxy"] == f"http://{cluster.block.node_proxy}:15080"
    assert Path(variables["WHERE"]).name == "color"
    assert arguments[2] == "one likes blue"
    assert read == "blue"
    assert Path(directory).name == "s"


async def test_a_changed_config_map_changes_the_files_of_running_pods(cluster: World) -> None:
    await cluster.api.create(config_map("settings", {"color": "blue"}))
    program = (
        "import sys, time\nlast = ''\nwhile True:\n    now = open(sys.argv[1]).read()\n"
        "    if now != last: print(now, flush=True)\n    last = now\n    time.sleep(0.01)"
    )
    container = code(
        program, args=["/etc/settings/color"], volumeMounts=[{"name": "s", "mountPath": "/etc/settings"}]
    )
    await cluster.api.create(
        pod("one", container, volumes=[{"name": "s", "configMap": {"name": "settings"}}])
    )
    await logged(cluster, "one", "blue")
    await cluster.api.patch(CONFIG_MAP, "settings", "default", {"data": {"color": "green"}})
    assert (await logged(cluster, "one", "green")).split() == ["blue", "green"]


async def test_a_pod_waits_for_a_config_map_that_is_not_there_yet(cluster: World) -> None:
    await cluster.api.create(pod("one", None, volumes=[{"name": "s", "configMap": {"name": "late"}}]))
    assert await cluster.event("FailedMount", 'configmap "late" not found')
    await cluster.api.create(config_map("late", {}))
    await cluster.running("one")


async def test_a_missing_key_keeps_a_container_from_starting_until_it_is_there(cluster: World) -> None:
    env = [{"name": "X", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "x"}}}]
    await cluster.api.create(config_map("settings", {"y": "1"}))
    await cluster.api.create(pod("one", {"env": env}))
    state = await cluster.state(
        "one", lambda s: s["state"].get("waiting", {}).get("reason") == "CreateContainerConfigError"
    )
    assert "couldn't find key x in ConfigMap settings" in state["state"]["waiting"]["message"]
    await cluster.api.patch(CONFIG_MAP, "settings", "default", {"data": {"x": "1"}})
    await cluster.running("one")


async def test_init_containers_run_in_order_and_before_the_others(cluster: World) -> None:
    def step(name: str, program: str) -> Object:
        mounts = [{"name": "shared", "mountPath": "/shared"}]
        return {
            "name": name,
            "image": "python:3",
            "volumeMounts": mounts,
            **code(program, args=["/shared/steps"]),
        }

    append = "import sys; open(sys.argv[1], 'a').write('{} ')"
    main = step("app", "import sys, time; print(open(sys.argv[1]).read(), flush=True); time.sleep(100)")
    spec = {
        "initContainers": [step("first", append.format("first")), step("second", append.format("second"))]
    }
    await cluster.api.create(pod("one", main, volumes=[{"name": "shared", "emptyDir": {}}], **spec))
    assert "first second" in await logged(cluster, "one", "first")
    found = await cluster.running("one")
    states = found["status"]["initContainerStatuses"]
    assert [s["state"]["terminated"]["reason"] for s in states] == ["Completed", "Completed"]


async def test_a_failing_init_container_holds_the_pod_back(cluster: World) -> None:
    broken = {"name": "broken", "image": "python:3", **code("raise SystemExit(3)")}
    await cluster.api.create(pod("one", None, initContainers=[broken]))
    await cluster.state("one", lambda s: s["restartCount"] >= 1, "broken")
    found = await cluster.api.get(POD, "one", "default")
    assert found["status"]["phase"] == "Pending"
    initialized = next(c for c in found["status"]["conditions"] if c["type"] == "Initialized")
    assert initialized["message"] == "containers with incomplete status: [broken]"


async def test_pods_that_need_not_run_for_ever_succeed_or_fail(cluster: World) -> None:
    await cluster.api.create(pod("good", code("pass"), restartPolicy="Never"))
    await cluster.api.create(pod("bad", code("raise SystemExit(7)"), restartPolicy="Never"))
    await until(lambda: _phase(cluster, "good", "Succeeded"), "the good one has succeeded")
    await until(lambda: _phase(cluster, "bad", "Failed"), "the bad one has failed")
    state = await cluster.state("bad", lambda s: "terminated" in s["state"])
    assert state["state"]["terminated"]["exitCode"] == 7
    assert state["state"]["terminated"]["reason"] == "Error"


async def _phase(cluster: World, name: str, phase: str) -> bool:
    return (await cluster.api.get(POD, name, "default"))["status"]["phase"] == phase


async def test_an_unknown_image_is_refused_with_what_to_do(cluster: World) -> None:
    await cluster.api.create(pod("one", {"image": "nginx:1.27"}))
    state = await cluster.state(
        "one", lambda s: s["state"].get("waiting", {}).get("reason") == "ImagePullBackOff"
    )
    assert "image 'nginx:1.27' cannot run in the embedded cluster" in state["state"]["waiting"]["message"]
    assert "meshtutor up --on k3d" in state["state"]["waiting"]["message"]
    body = {"spec": {"containers": [{**pod("x")["spec"]["containers"][0], "image": "python:3.13-alpine"}]}}
    await cluster.api.patch(POD, "one", "default", body)  # kubectl set image
    await cluster.running("one")


async def test_a_program_that_does_not_exist_is_a_start_error(cluster: World) -> None:
    await cluster.api.create(pod("one", {"command": ["no-such-program"]}, restartPolicy="Never"))
    state = await cluster.state("one", lambda s: "terminated" in s["state"])
    assert state["state"]["terminated"]["reason"] == "StartError"
    assert "No such file or directory: no-such-program" in state["state"]["terminated"]["message"]


async def test_an_unsupported_volume_and_hook_are_named(cluster: World) -> None:
    await cluster.api.create(pod("one", None, volumes=[{"name": "disk", "hostPath": {"path": "/etc"}}]))
    assert await cluster.event("FailedMount", "hostPath")
    hook = {"lifecycle": {"preStop": {"exec": {"command": ["true"]}}}}
    await cluster.api.create(pod("two", hook))
    assert await cluster.event("FailedPreStopHook", "lifecycle.preStop is not implemented")


async def test_addresses_are_not_shared_and_not_reused_at_once(cluster: World) -> None:
    seen = []
    for name in ("a", "b"):
        await cluster.api.create(pod(name))
        seen.append((await cluster.running(name))["status"]["podIP"])
    await cluster.api.delete(POD, "a", "default")
    await until(lambda: _gone(cluster, "a"), "the pod is gone")
    await cluster.api.create(pod("c"))
    seen.append((await cluster.running("c"))["status"]["podIP"])
    assert len(set(seen)) == 3


async def test_a_server_is_ready_when_its_probe_says_so(cluster: World) -> None:
    probe = {"httpGet": {"path": "/", "port": "http"}}
    container = code(SERVER, ports=[{"name": "http", "containerPort": 9080}], readinessProbe=probe)
    await cluster.api.create(pod("one", container))
    await cluster.running("one")
    assert "serving" in await log(cluster, "one")


async def test_a_native_sidecar_is_refused_by_name(cluster: World) -> None:
    native = {"name": "helper", "image": "python:3", "restartPolicy": "Always", "command": ["sleep", "100"]}
    await cluster.api.create(pod("one", None, initContainers=[native]))
    state = await cluster.state("one", lambda s: "message" in s["state"].get("waiting", {}), "helper")
    assert (
        "initContainers[helper].restartPolicy (a native sidecar) is not implemented"
        in state["state"]["waiting"]["message"]
    )
