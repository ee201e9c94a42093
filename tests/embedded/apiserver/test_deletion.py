"""Deletion: grace, finalizers, dependents, namespaces."""

from __future__ import annotations

import asyncio

import pytest

from meshtutor.embedded.apiserver.options import DeleteOptions
from meshtutor.embedded.apiserver.registry import Registry
from meshtutor.errors import ApiStatusError, ConflictError, NotFoundError
from meshtutor.kube.kinds import CONFIG_MAP, DEPLOYMENT, NAMESPACE, POD, Kind
from tests.embedded.apiserver.objects import config_map, deployment, namespace, owner, pod


async def exists(registry: Registry, kind: Kind, name: str, space: str = "default") -> bool:
    try:
        await registry.get(kind, name, space if kind.namespaced else "")
    except NotFoundError:
        return False
    return True


async def test_a_pod_that_no_node_runs_goes_at_once(registry: Registry) -> None:
    await registry.create(pod("a"))
    await registry.delete(POD, "a", "default")
    assert not await exists(registry, POD, "a")


async def test_a_bound_pod_is_marked_and_ended_by_the_kubelet(registry: Registry) -> None:
    await registry.create(pod("a", nodeName="n", terminationGracePeriodSeconds=7))
    await registry.delete(POD, "a", "default")
    marked = await registry.get(POD, "a", "default")
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 7
    assert marked["metadata"]["deletionTimestamp"] > marked["metadata"]["creationTimestamp"]
    assert marked["metadata"]["generation"] == 2
    await registry.delete(POD, "a", "default", grace_seconds=0)
    assert not await exists(registry, POD, "a")


async def test_a_second_delete_may_only_shorten_the_grace(registry: Registry) -> None:
    await registry.create(pod("a", nodeName="n", terminationGracePeriodSeconds=7))
    for asked, expected in ((None, 7), (3, 3), (9, 3)):
        await registry.delete(POD, "a", "default", grace_seconds=asked)
        assert (await registry.get(POD, "a", "default"))["metadata"]["deletionGracePeriodSeconds"] == expected


async def test_a_finished_pod_needs_no_grace(registry: Registry) -> None:
    made = await registry.create(pod("a", nodeName="n"))
    await registry.update({**made, "status": {"phase": "Succeeded"}}, subresource="status")
    await registry.delete(POD, "a", "default")
    assert not await exists(registry, POD, "a")


async def test_finalizers_hold_an_object_until_the_last_is_taken_away(registry: Registry) -> None:
    obj = config_map("a")
    obj["metadata"]["finalizers"] = ["example.com/one", "example.com/two"]
    await registry.create(obj)
    await registry.delete(CONFIG_MAP, "a", "default")
    held = await registry.get(CONFIG_MAP, "a", "default")
    assert held["metadata"]["deletionTimestamp"]
    await registry.patch(CONFIG_MAP, "a", "default", {"metadata": {"finalizers": ["example.com/two"]}})
    assert await exists(registry, CONFIG_MAP, "a")
    await registry.patch(CONFIG_MAP, "a", "default", {"metadata": {"finalizers": None}})
    assert not await exists(registry, CONFIG_MAP, "a")


async def test_preconditions_protect_from_deleting_another(registry: Registry) -> None:
    made = await registry.create(config_map("a"))
    with pytest.raises(ConflictError):
        registry.remove(CONFIG_MAP, "a", "default", DeleteOptions(uid="other"))
    with pytest.raises(ConflictError):
        registry.remove(CONFIG_MAP, "a", "default", DeleteOptions(resource_version="1"))
    registry.remove(CONFIG_MAP, "a", "default", DeleteOptions(uid=made["metadata"]["uid"]))
    assert not await exists(registry, CONFIG_MAP, "a")


async def family(registry: Registry, **child: str) -> None:
    """A Deployment that owns a ConfigMap, which owns a Pod."""
    parent = await registry.create(deployment("parent"))
    middle = config_map("middle")
    middle["metadata"]["ownerReferences"] = [owner(parent)]
    middle = await registry.create(middle)
    await registry.create(pod("child", owners=[owner(middle)], **child))


async def test_in_the_background_dependents_follow_their_owner(registry: Registry) -> None:
    await family(registry)
    await registry.delete(DEPLOYMENT, "parent", "default")
    assert not await exists(registry, DEPLOYMENT, "parent")
    assert not await exists(registry, CONFIG_MAP, "middle")
    assert not await exists(registry, POD, "child")


async def test_in_the_foreground_the_owner_waits_for_its_dependents(registry: Registry) -> None:
    await family(registry, nodeName="n")
    _, gone = registry.remove(DEPLOYMENT, "parent", "default", DeleteOptions(propagation="Foreground"))
    assert not gone
    held = await registry.get(DEPLOYMENT, "parent", "default")
    assert held["metadata"]["finalizers"] == ["foregroundDeletion"]
    assert (await registry.get(CONFIG_MAP, "middle", "default"))["metadata"]["deletionTimestamp"]
    await registry.delete(POD, "child", "default", grace_seconds=0)
    assert not await exists(registry, CONFIG_MAP, "middle")
    assert not await exists(registry, DEPLOYMENT, "parent")


async def test_orphans_lose_their_reference_and_stay(registry: Registry) -> None:
    await family(registry)
    registry.remove(DEPLOYMENT, "parent", "default", DeleteOptions(propagation="Orphan"))
    assert not await exists(registry, DEPLOYMENT, "parent")
    assert "ownerReferences" not in (await registry.get(CONFIG_MAP, "middle", "default"))["metadata"]


async def test_an_object_with_another_owner_stays(registry: Registry) -> None:
    owners = [await registry.create(config_map(name)) for name in ("one", "two")]
    await registry.create(pod("shared", owners=[owner(o, controller=False) for o in owners]))
    registry.remove(CONFIG_MAP, "one", "default", DeleteOptions(propagation="Background"))
    kept = await registry.get(POD, "shared", "default")
    assert [o["name"] for o in kept["metadata"]["ownerReferences"]] == ["two"]


async def test_an_object_whose_owner_is_gone_already_is_collected(registry: Registry) -> None:
    parent = await registry.create(config_map("parent"))
    await registry.delete(CONFIG_MAP, "parent", "default")
    await registry.create(pod("late", owners=[owner(parent)]))
    await asyncio.sleep(0)
    assert not await exists(registry, POD, "late")


async def test_a_namespace_is_emptied_before_it_goes(registry: Registry) -> None:
    await registry.create(namespace("n"))
    await registry.create(config_map("a", "n"))
    await registry.create(pod("p", "n", nodeName="node"))
    await registry.delete(NAMESPACE, "n")
    dying = await registry.get(NAMESPACE, "n")
    assert dying["status"]["phase"] == "Terminating"
    assert not await exists(registry, CONFIG_MAP, "a", "n")
    with pytest.raises(ApiStatusError, match="because it is being terminated") as refused:
        await registry.create(config_map("late", "n"))
    assert refused.value.code == 403
    await registry.delete(POD, "p", "n", grace_seconds=0)
    assert not await exists(registry, NAMESPACE, "n")


async def test_the_default_namespace_cannot_be_deleted(registry: Registry) -> None:
    with pytest.raises(ApiStatusError, match="may not be deleted"):
        await registry.delete(NAMESPACE, "default")
