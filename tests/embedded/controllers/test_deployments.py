"""Deployments as `kubectl` sees them: rollouts, revisions, conditions, scaling, pausing."""

from __future__ import annotations

from typing import Any

from meshtutor.embedded.api import Object
from meshtutor.kube.kinds import DEPLOYMENT, POD, REPLICA_SET
from tests.embedded.world import World, deployment, until

REVISION = "deployment.kubernetes.io/revision"


def reason(obj: Object, kind: str) -> str:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return next((c["reason"] for c in conditions if c["type"] == kind), "")


async def rolled_out(cluster: World, name: str) -> Object:
    """As `kubectl rollout status` decides."""

    async def done() -> Object | None:
        found = await cluster.api.get(DEPLOYMENT, name, "default")
        status, spec = found.get("status") or {}, found["spec"]
        counts = [status.get(f, 0) for f in ("updatedReplicas", "replicas", "availableReplicas")]
        seen = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
        return found if seen and counts == [spec["replicas"]] * 3 else None

    return await until(done, f"deployment {name} is rolled out")


async def patch(cluster: World, name: str, change: dict[str, Any]) -> Object:
    return await cluster.api.patch(DEPLOYMENT, name, "default", change)


def template(**annotations: str) -> dict[str, Any]:
    """As `kubectl rollout restart` patches it."""
    return {"spec": {"template": {"metadata": {"annotations": annotations}}}}


async def replica_sets(cluster: World) -> dict[str, Object]:
    return {
        rs["metadata"]["annotations"][REVISION]: rs for rs in await cluster.api.list(REPLICA_SET, "default")
    }


async def test_a_deployment_makes_one_replica_set_and_its_pods(cluster: World) -> None:
    await cluster.api.create(deployment("web", 3))
    done = await rolled_out(cluster, "web")
    (rs,) = (await replica_sets(cluster)).values()
    assert rs["metadata"]["name"] == f"web-{rs['metadata']['labels']['pod-template-hash']}"
    assert rs["metadata"]["ownerReferences"][0]["uid"] == done["metadata"]["uid"]
    assert done["metadata"]["annotations"][REVISION] == "1"
    assert len(await cluster.pods("web")) == 3
    assert done["status"]["readyReplicas"] == 3
    assert "unavailableReplicas" not in done["status"]


async def test_the_conditions_say_that_it_is_available_and_has_progressed(cluster: World) -> None:
    await cluster.api.create(deployment("web"))
    done = await until(
        lambda: _with_reason(cluster, "web", "NewReplicaSetAvailable"),
        "the rollout is told to have succeeded",
    )
    assert reason(done, "Available") == "MinimumReplicasAvailable"


async def _with_reason(cluster: World, name: str, wanted: str) -> Object | None:
    found = await cluster.api.get(DEPLOYMENT, name, "default")
    return found if reason(found, "Progressing") == wanted else None


async def test_a_restart_rolls_to_a_second_revision_and_keeps_the_first(cluster: World) -> None:
    await cluster.api.create(deployment("web", 2))
    await rolled_out(cluster, "web")
    before = {p["metadata"]["name"] for p in await cluster.pods("web")}
    await patch(cluster, "web", template(restartedAt="now"))
    done = await rolled_out(cluster, "web")
    assert done["metadata"]["annotations"][REVISION] == "2"
    sets = await replica_sets(cluster)
    assert [sets["1"]["spec"]["replicas"], sets["2"]["spec"]["replicas"]] == [0, 2]
    assert not before & {p["metadata"]["name"] for p in await cluster.pods("web")}


async def test_going_back_to_an_old_template_uses_its_replica_set_with_a_new_revision(cluster: World) -> None:
    await cluster.api.create(deployment("web"))
    await rolled_out(cluster, "web")
    first = (await replica_sets(cluster))["1"]["metadata"]["name"]
    await patch(cluster, "web", template(version="2"))
    await rolled_out(cluster, "web")
    await patch(cluster, "web", {"spec": {"template": {"metadata": {"annotations": None}}}})  # rollout undo
    done = await rolled_out(cluster, "web")
    assert done["metadata"]["annotations"][REVISION] == "3"
    sets = await replica_sets(cluster)
    assert sets["3"]["metadata"]["name"] == first
    assert sorted(sets) == ["2", "3"]


async def test_a_rolling_update_never_goes_below_or_above_what_the_strategy_allows(cluster: World) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    await cluster.api.create(deployment("web", 4, strategy=strategy))
    await rolled_out(cluster, "web")
    seen: list[tuple[int, int]] = []

    async def look() -> bool:
        pods = [p for p in await cluster.pods("web") if not p["metadata"].get("deletionTimestamp")]
        ready = [p for p in pods if p["status"].get("conditions")]
        seen.append((len(ready), len(pods)))
        found = await cluster.api.get(DEPLOYMENT, "web", "default")
        return found["status"].get("updatedReplicas") == 4 == found["status"]["replicas"]

    await patch(cluster, "web", template(version="2"))
    await until(look, "the update is complete")
    assert min(ready for ready, _ in seen) >= 4
    assert max(count for _, count in seen) <= 5


async def test_pods_that_do_not_become_ready_stop_the_update(cluster: World) -> None:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}
    await cluster.api.create(deployment("web", 4, strategy=strategy))
    await rolled_out(cluster, "web")
    await patch(cluster, "web", template(**{"test/unready": "yes"}))

    async def stuck() -> bool:
        sets = await replica_sets(cluster)
        return "2" in sets and (sets["1"]["spec"]["replicas"], sets["2"]["spec"]["replicas"]) == (3, 2)

    await until(stuck, "one old pod is given up, two new ones wait")

    async def told() -> Object | None:
        found = await cluster.api.get(DEPLOYMENT, "web", "default")
        return found if found["status"].get("unavailableReplicas") == 2 else None

    found = await until(told, "two pods are told to be unavailable")
    assert reason(found, "Available") == "MinimumReplicasAvailable"


async def test_an_update_that_takes_too_long_is_told(cluster: World) -> None:
    spec = deployment("web", progressDeadlineSeconds=1)
    spec["spec"]["template"]["metadata"]["annotations"] = {"test/unready": "yes"}
    await cluster.api.create(spec)
    found = await until(
        lambda: _with_reason(cluster, "web", "ProgressDeadlineExceeded"),
        "the deadline is told to have passed",
    )
    assert next(c for c in found["status"]["conditions"] if c["type"] == "Progressing")["status"] == "False"


async def test_recreate_ends_all_old_pods_before_the_first_new_one(cluster: World) -> None:
    await cluster.api.create(deployment("web", 2, strategy={"type": "Recreate"}))
    await rolled_out(cluster, "web")
    old = {p["metadata"]["uid"] for p in await cluster.pods("web")}
    mixed: list[int] = []

    async def look() -> bool:
        now = {p["metadata"]["uid"] for p in await cluster.pods("web")}
        if now & old and now - old:
            mixed.append(len(now))
        return len(now - old) == 2

    await patch(cluster, "web", template(version="2"))
    await until(look, "both pods are new")
    assert not mixed


async def test_scaling_changes_the_pods_without_a_new_revision(cluster: World) -> None:
    await cluster.api.create(deployment("web", 1))
    await rolled_out(cluster, "web")
    await patch(cluster, "web", {"spec": {"replicas": 4}})
    await rolled_out(cluster, "web")
    await patch(cluster, "web", {"spec": {"replicas": 0}})
    done = await rolled_out(cluster, "web")
    assert done["metadata"]["annotations"][REVISION] == "1"
    await until(lambda: _no_pods(cluster), "all pods are gone")
    assert await cluster.event("ScalingReplicaSet", "from 1 to 4")
    assert await cluster.event("ScalingReplicaSet", "from 4 to 0")


async def _no_pods(cluster: World) -> bool:
    return not await cluster.pods("web")


async def test_a_paused_deployment_scales_but_does_not_roll(cluster: World) -> None:
    await cluster.api.create(deployment("web", 1))
    await rolled_out(cluster, "web")
    await patch(cluster, "web", {"spec": {"paused": True}})
    await patch(cluster, "web", template(version="2"))
    await patch(cluster, "web", {"spec": {"replicas": 3}})
    await until(lambda: _pod_count(cluster, 3), "three pods are there")
    assert sorted(await replica_sets(cluster)) == ["1"]
    await until(lambda: _with_reason(cluster, "web", "DeploymentPaused"), "the pause is told")
    await until(lambda: _replicas(cluster, "web", 3), "the three are counted")
    await patch(cluster, "web", {"spec": {"paused": None}})
    done = await rolled_out(cluster, "web")
    assert done["metadata"]["annotations"][REVISION] == "2"


async def _replicas(cluster: World, name: str, count: int) -> bool:
    return (await cluster.api.get(DEPLOYMENT, name, "default"))["status"]["replicas"] == count


async def _pod_count(cluster: World, count: int) -> bool:
    return len(await cluster.pods("web")) == count


async def test_old_replica_sets_beyond_the_history_limit_go(cluster: World) -> None:
    await cluster.api.create(deployment("web", revisionHistoryLimit=1))
    await rolled_out(cluster, "web")
    for version in ("2", "3", "4"):
        await patch(cluster, "web", template(version=version))
        await rolled_out(cluster, "web")

    async def few() -> bool:
        return sorted(await replica_sets(cluster)) == ["3", "4"]

    await until(few, "only the last two revisions are kept")


async def test_deleting_a_deployment_takes_its_replica_sets_and_pods(cluster: World) -> None:
    await cluster.api.create(deployment("web", 2))
    await rolled_out(cluster, "web")
    await cluster.api.delete(DEPLOYMENT, "web", "default")
    await until(lambda: _no_pods(cluster), "all pods are gone")
    assert not await cluster.api.list(REPLICA_SET, "default")


async def test_a_deleted_pod_is_replaced(cluster: World) -> None:
    await cluster.api.create(deployment("web"))
    await rolled_out(cluster, "web")
    (old,) = await cluster.pods("web")
    await cluster.api.delete(POD, old["metadata"]["name"], "default")

    async def replaced() -> bool:
        pods = await cluster.pods("web")
        return len(pods) == 1 and pods[0]["metadata"]["uid"] != old["metadata"]["uid"]

    await until(replaced, "another pod has taken its place")
