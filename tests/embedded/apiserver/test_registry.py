"""The verbs inside the box: what the server sets, what it refuses, what it leaves alone."""

from __future__ import annotations

import asyncio

import pytest

from meshtutor.embedded.apiserver.options import WriteOptions
from meshtutor.embedded.apiserver.registry import Registry
from meshtutor.errors import ApiStatusError, ConflictError, InvalidError, NotFoundError
from meshtutor.kube.kinds import CONFIG_MAP, DEPLOYMENT, EVENT, NAMESPACE, POD
from tests.embedded.apiserver.objects import config_map, deployment, namespace, pod, widget, widget_definition


async def test_the_server_gives_identity_and_ignores_what_the_author_says_of_it(registry: Registry) -> None:
    obj = config_map("a")
    obj["metadata"] |= {"uid": "mine", "resourceVersion": "999", "creationTimestamp": None}
    made = await registry.create(obj)
    assert made["metadata"]["uid"] != "mine"
    assert int(made["metadata"]["resourceVersion"]) < 999
    assert made["metadata"]["creationTimestamp"].endswith("Z")


async def test_what_was_given_is_not_changed(registry: Registry) -> None:
    obj = deployment("d")
    before = repr(obj)
    await registry.create(obj)
    assert repr(obj) == before


async def test_generated_names_begin_with_their_base(registry: Registry) -> None:
    obj = pod("")
    obj["metadata"] = {"generateName": "reviews-", "namespace": "default"}
    names = {(await registry.create(obj))["metadata"]["name"] for _ in range(20)}
    assert len(names) == 20
    assert all(name.startswith("reviews-") and len(name) == len("reviews-") + 5 for name in names)


async def test_a_second_create_already_exists(registry: Registry) -> None:
    await registry.create(config_map("a"))
    with pytest.raises(ConflictError) as refused:
        await registry.create(config_map("a"))
    assert refused.value.reason == "AlreadyExists"


async def test_a_namespace_must_exist(registry: Registry) -> None:
    with pytest.raises(NotFoundError, match='namespaces "nowhere" not found'):
        await registry.create(config_map("a", "nowhere"))


async def test_an_unknown_kind_is_named(registry: Registry) -> None:
    with pytest.raises(ApiStatusError, match='no matches for kind "Podd" in version "v1"'):
        await registry.create({"apiVersion": "v1", "kind": "Podd", "metadata": {"name": "a"}})


async def test_an_update_of_an_old_state_conflicts(registry: Registry) -> None:
    old = await registry.create(config_map("a"))
    await registry.update({**old, "data": {"x": "1"}})
    with pytest.raises(ConflictError, match="the object has been modified"):
        await registry.update({**old, "data": {"x": "2"}})


async def test_an_update_without_a_version_always_wins(registry: Registry) -> None:
    await registry.create(config_map("a"))
    new = await registry.update(config_map("a", x="2"))
    assert new["data"] == {"x": "2"}


async def test_an_update_of_another_object_of_that_name_conflicts(registry: Registry) -> None:
    old = await registry.create(config_map("a"))
    await registry.delete(CONFIG_MAP, "a", "default")
    await registry.create(config_map("a"))
    with pytest.raises(ConflictError, match="UID in precondition"):
        await registry.update(
            {**old, "metadata": {"name": "a", "namespace": "default", "uid": old["metadata"]["uid"]}}
        )


async def test_a_write_that_changes_nothing_is_no_event(registry: Registry) -> None:
    made = await registry.create(deployment("d"))
    assert await registry.update(made) is made
    assert await registry.patch(DEPLOYMENT, "d", "default", {"spec": {"replicas": 1}}) is made


async def test_generation_counts_changes_of_the_spec_only(registry: Registry) -> None:
    made = await registry.create(deployment("d"))
    labelled = await registry.patch(DEPLOYMENT, "d", "default", {"metadata": {"labels": {"a": "b"}}})
    reported = await registry.update({**labelled, "status": {"replicas": 1}}, subresource="status")
    scaled = await registry.patch(DEPLOYMENT, "d", "default", {"spec": {"replicas": 2}})
    assert [o["metadata"]["generation"] for o in (made, labelled, reported, scaled)] == [1, 1, 1, 2]


async def test_spec_and_status_are_written_apart(registry: Registry) -> None:
    made = await registry.create({**deployment("d"), "status": {"replicas": 7}})
    assert "status" not in made
    by_status = await registry.update(
        {
            **made,
            "spec": {},
            "metadata": {**made["metadata"], "labels": {"a": "b"}},
            "status": {"replicas": 1},
        },
        subresource="status",
    )
    assert by_status["spec"] == made["spec"]
    assert "labels" not in by_status["metadata"]
    assert by_status["status"] == {"replicas": 1}
    by_spec = await registry.update({**by_status, "status": {"replicas": 5}})
    assert by_spec["status"] == {"replicas": 1}


async def test_a_patch_tries_again_when_another_write_came_between(registry: Registry) -> None:
    await registry.create(config_map("a"))

    async def slow(request: object) -> None:
        await asyncio.sleep(0)

    registry.mutators.append(slow)
    changes = [registry.patch(CONFIG_MAP, "a", "default", {"data": {str(i): "x"}}) for i in range(4)]
    await asyncio.gather(*changes)
    assert set((await registry.get(CONFIG_MAP, "a", "default"))["data"]) == {"0", "1", "2", "3"}


async def test_a_patch_that_names_an_old_version_conflicts(registry: Registry) -> None:
    old = await registry.create(config_map("a"))
    await registry.update(config_map("a", x="1"))
    change = {"metadata": {"resourceVersion": old["metadata"]["resourceVersion"]}, "data": {"x": "2"}}
    with pytest.raises(ConflictError):
        await registry.patch(CONFIG_MAP, "a", "default", change)


async def test_a_dry_run_answers_and_stores_nothing(registry: Registry) -> None:
    made = await registry.create(deployment("d"), WriteOptions(dry_run=True))
    assert made["spec"]["replicas"] == 1
    with pytest.raises(NotFoundError):
        await registry.get(DEPLOYMENT, "d", "default")


async def test_an_unknown_field_is_dropped_and_seen_as_an_event(registry: Registry) -> None:
    options = WriteOptions()
    obj = deployment("d", replicsa=3)
    obj["spec"]["template"]["spec"]["containers"][0]["imagee"] = "x"
    made = await registry.create(obj, options)
    assert "replicsa" not in made["spec"]
    fields = ["spec.replicsa", "spec.template.spec.containers[0].imagee"]
    assert sorted(options.warnings) == sorted(f'unknown field "{field}"' for field in fields)
    events = await registry.list(EVENT, "default", fields="involvedObject.name=d,type=Warning")
    assert sorted(event["message"] for event in events) == sorted(options.warnings)
    assert {event["reason"] for event in events} == {"UnknownField"}


async def test_the_same_warning_again_is_one_event_with_a_count(registry: Registry) -> None:
    made = await registry.create(config_map("a"))
    for value in "12":
        await registry.update(
            {**made, "data": {"x": value}, "metadata": {"name": "a", "namespace": "default"}, "dta": {}}
        )
    (event,) = await registry.list(EVENT)
    assert event["count"] == 2


async def test_strict_field_validation_refuses(registry: Registry) -> None:
    with pytest.raises(ApiStatusError, match=r'strict decoding error: unknown field "spec\.replicsa"'):
        await registry.create(deployment("d", replicsa=3), WriteOptions(field_validation="Strict"))


async def test_lists_select_by_labels_and_fields(registry: Registry) -> None:
    for name, label, node in (("a", "x", "n1"), ("b", "y", "n1"), ("c", "x", "")):
        obj = pod(name, **({"nodeName": node} if node else {}))
        obj["metadata"]["labels"] = {"l": label}
        await registry.create(obj)

    async def names(**selectors: str) -> list[str]:
        return [o["metadata"]["name"] for o in await registry.list(POD, **selectors)]

    assert await names(labels="l in (x,z)") == ["a", "c"]
    assert await names(labels="l!=x") == ["b"]
    assert await names(fields="spec.nodeName=n1", labels="l=x") == ["a"]
    assert await names(fields="status.phase!=Pending") == []
    for wrong in ({"labels": "l in x"}, {"fields": "spec.nodeName"}, {"fields": "spec.priority=1"}):
        with pytest.raises(ApiStatusError) as refused:
            await names(**wrong)
        assert refused.value.code == 400


async def test_a_watch_begins_with_what_there_is_and_goes_on_with_what_comes(registry: Registry) -> None:
    await registry.create(pod("a"))
    seen: list[tuple[str, str]] = []

    async def watch() -> None:
        async for event in registry.watch(NAMESPACE, POD):
            assert event.kind in (NAMESPACE, POD)
            seen.append((event.type, event.object["metadata"].get("name", "")))
            if event.type == "DELETED":
                return

    task = asyncio.create_task(watch())
    while ("BOOKMARK", "") not in seen:
        await asyncio.sleep(0)
    await registry.create(namespace("n"))
    await registry.create(config_map("not-watched"))
    await registry.delete(POD, "a", "default")
    await asyncio.wait_for(task, 5)
    first = [("ADDED", "default"), ("ADDED", "a"), ("BOOKMARK", "")]
    assert seen == [*first, ("ADDED", "n"), ("DELETED", "a")]


async def test_custom_kinds_are_served_as_soon_as_they_are_defined(registry: Registry) -> None:
    with pytest.raises(ApiStatusError, match="no matches for kind"):
        await registry.create(widget("w"))
    await registry.create(widget_definition())
    made = await registry.create(widget("w", "v1beta1"))
    assert made["apiVersion"] == "example.com/v1"
    assert made["spec"] == {"size": 3, "color": "red"}
    with pytest.raises(InvalidError) as refused:
        await registry.create(widget("x", size=30, color="green", hosts=["a", 7]))
    fields = {cause["field"] for cause in refused.value.status["details"]["causes"]}
    assert fields == {"spec.size", "spec.color", "spec.hosts[1]"}


async def test_a_kind_goes_with_its_definition_and_its_objects_with_it(registry: Registry) -> None:
    from meshtutor.kube.kinds import CRD

    await registry.create(widget_definition())
    kind = registry.core.resources.at("example.com", "v1", "widgets").kind
    await registry.create(widget("w"))
    gone: list[str] = []

    async def watch() -> None:
        async for event in registry.watch(kind):
            if event.type == "DELETED":
                gone.append(event.object["metadata"]["name"])
                return

    task = asyncio.create_task(watch())
    await asyncio.sleep(0)
    await registry.delete(CRD, "widgets.example.com")
    await asyncio.wait_for(task, 5)
    assert gone == ["w"]
    with pytest.raises(NotFoundError):
        await registry.list(kind)
