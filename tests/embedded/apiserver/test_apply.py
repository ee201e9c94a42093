"""Server-side apply: owned fields, dropped fields, conflicts."""

from __future__ import annotations

from typing import Any

import pytest

from meshtutor.embedded.apiserver.options import WriteOptions
from meshtutor.embedded.apiserver.registry import Registry
from meshtutor.errors import ApiStatusError, ConflictError
from meshtutor.kube.kinds import CONFIG_MAP, DEPLOYMENT, Kind
from tests.embedded.apiserver.objects import (
    Object,
    config_map,
    container,
    deployment,
    widget,
    widget_definition,
)


async def apply(registry: Registry, kind: Kind, obj: Object, manager: str = "one", **options: Any) -> Object:
    meta = obj["metadata"]
    how = WriteOptions(manager=manager, **options)
    return await registry.patch(kind, meta["name"], meta["namespace"], obj, type="apply", options=how)


def owner(obj: Object, manager: str) -> Any:
    entries = [e for e in obj["metadata"].get("managedFields", ()) if e["manager"] == manager]
    return entries[0]["fieldsV1"] if entries else None


async def test_apply_creates_and_owns_what_it_says(registry: Registry) -> None:
    made = await apply(registry, DEPLOYMENT, deployment("d", replicas=2))
    assert owner(made, "one")["f:spec"]["f:replicas"] == {}
    assert "f:strategy" not in owner(made, "one")["f:spec"], "defaults belong to nobody"
    key = 'k:{"name":"app"}'
    assert set(owner(made, "one")["f:spec"]["f:template"]["f:spec"]["f:containers"][key]) == {
        ".",
        "f:name",
        "f:image",
    }


async def test_applying_the_same_again_changes_nothing(registry: Registry) -> None:
    made = await apply(registry, CONFIG_MAP, config_map("c", a="1"))
    assert await apply(registry, CONFIG_MAP, config_map("c", a="1")) is made


async def test_a_field_that_is_dropped_goes(registry: Registry) -> None:
    await apply(registry, CONFIG_MAP, config_map("c", a="1", b="2"))
    assert (await apply(registry, CONFIG_MAP, config_map("c", a="1")))["data"] == {"a": "1"}


async def test_a_dropped_field_that_another_owns_stays(registry: Registry) -> None:
    await apply(registry, CONFIG_MAP, config_map("c", a="1", b="2"))
    await apply(registry, CONFIG_MAP, config_map("c", b="2"), "two")
    kept = await apply(registry, CONFIG_MAP, config_map("c", a="1"))
    assert kept["data"] == {"a": "1", "b": "2"}
    gone = await apply(registry, CONFIG_MAP, config_map("c"), "two")
    assert gone["data"] == {"a": "1"}


async def test_another_managers_field_is_a_conflict_that_names_both(registry: Registry) -> None:
    await apply(registry, DEPLOYMENT, deployment("d", replicas=2))
    with pytest.raises(ConflictError) as refused:
        await apply(registry, DEPLOYMENT, deployment("d", replicas=3), "two")
    assert refused.value.message == 'Apply failed with 1 conflict: conflict with "one": .spec.replicas'
    (cause,) = refused.value.status["details"]["causes"]
    assert (cause["reason"], cause["field"]) == ("FieldManagerConflict", ".spec.replicas")


async def test_the_same_value_is_shared_and_no_conflict(registry: Registry) -> None:
    await apply(registry, DEPLOYMENT, deployment("d", replicas=2))
    shared = await apply(registry, DEPLOYMENT, deployment("d", replicas=2), "two")
    assert owner(shared, "one")["f:spec"]["f:replicas"] == owner(shared, "two")["f:spec"]["f:replicas"] == {}


async def test_force_takes_the_field_away(registry: Registry) -> None:
    await apply(registry, DEPLOYMENT, deployment("d", replicas=2))
    forced = await apply(registry, DEPLOYMENT, deployment("d", replicas=3), "two", force=True)
    assert forced["spec"]["replicas"] == 3
    assert "f:replicas" not in owner(forced, "one")["f:spec"]


async def test_a_plain_update_takes_ownership_of_what_it_changes(registry: Registry) -> None:
    await apply(registry, DEPLOYMENT, deployment("d", replicas=2))
    scale = WriteOptions(manager="kubectl-scale")
    scaled = await registry.patch(DEPLOYMENT, "d", "default", {"spec": {"replicas": 5}}, options=scale)
    assert owner(scaled, "kubectl-scale") == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in owner(scaled, "one")["f:spec"]
    with pytest.raises(ConflictError, match='conflict with "kubectl-scale" using apps/v1'):
        await apply(registry, DEPLOYMENT, deployment("d", replicas=2))


async def test_elements_are_owned_by_their_key(registry: Registry) -> None:
    def with_env(**variables: str) -> Object:
        obj = deployment("d")
        env = [{"name": k, "value": v} for k, v in variables.items()]
        obj["spec"]["template"]["spec"]["containers"] = [container(env=env)]
        return obj

    await apply(registry, DEPLOYMENT, with_env(A="1", B="2"))
    both = await apply(registry, DEPLOYMENT, with_env(C="3"), "two")
    names = [v["name"] for v in both["spec"]["template"]["spec"]["containers"][0]["env"]]
    assert names == ["A", "B", "C"]
    fewer = await apply(registry, DEPLOYMENT, with_env(B="2"))
    names = [v["name"] for v in fewer["spec"]["template"]["spec"]["containers"][0]["env"]]
    assert names == ["B", "C"]
    with pytest.raises(ConflictError, match=r'env\[name="B"\].value'):
        await apply(registry, DEPLOYMENT, with_env(B="3"), "two")


async def test_lists_of_custom_kinds_are_atomic_unless_the_schema_says_otherwise(registry: Registry) -> None:
    await registry.create(widget_definition())
    kind = registry.core.resources.at("example.com", "v1", "widgets").kind
    await apply(registry, kind, widget("w", hosts=["a"], rules=[{"name": "x", "weight": 1}]))
    with pytest.raises(ConflictError, match=r"\.spec\.hosts"):
        await apply(registry, kind, widget("w", hosts=["b"]), "two")
    merged = await apply(registry, kind, widget("w", rules=[{"name": "y", "weight": 2}]), "two")
    assert [rule["name"] for rule in merged["spec"]["rules"]] == ["x", "y"]


async def test_a_status_is_applied_through_its_subresource(registry: Registry) -> None:
    await registry.create(widget_definition())
    kind = registry.core.resources.at("example.com", "v1", "widgets").kind
    await registry.create(widget("w"))
    status = {**widget("w"), "spec": {}, "status": {"phase": "Good"}}
    how = WriteOptions(manager="controller")
    new = await registry.patch(kind, "w", "default", status, type="apply", subresource="status", options=how)
    assert (new["status"], new["spec"]["size"]) == ({"phase": "Good"}, 3)
    assert owner(new, "controller") == {"f:status": {"f:phase": {}}}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"kind": "Secret"}, "this URL is for v1, Kind=ConfigMap"),
        ({"metadata": {"name": "other"}}, "name must match"),
        ({"metadata": {"name": "c", "managedFields": [{"manager": "x"}]}}, "managedFields must be nil"),
    ],
)
async def test_a_configuration_of_something_else_is_refused(
    registry: Registry, change: Object, text: str
) -> None:
    with pytest.raises(ApiStatusError, match=text):
        await registry.patch(
            CONFIG_MAP, "c", "default", {**config_map("c"), **change}, type="apply", manager="one"
        )


async def test_unknown_fields_are_told_and_not_owned(registry: Registry) -> None:
    options = WriteOptions(manager="one")
    made = await registry.patch(
        DEPLOYMENT, "d", "default", deployment("d", replicsa=1), type="apply", options=options
    )
    assert options.warnings == ['unknown field "spec.replicsa"']
    assert "f:replicsa" not in owner(made, "one")["f:spec"]


async def test_a_replace_that_says_nothing_of_owners_keeps_them(registry: Registry) -> None:
    await apply(registry, CONFIG_MAP, config_map("c", a="1"))
    replaced = await registry.update(config_map("c", a="1", b="2"), options=WriteOptions(manager="two"))
    assert owner(replaced, "one") == {"f:data": {"f:a": {}}}
    assert owner(replaced, "two") == {"f:data": {"f:b": {}}}


async def test_owners_can_be_reset(registry: Registry) -> None:
    await apply(registry, CONFIG_MAP, config_map("c", a="1"))
    reset = await registry.patch(CONFIG_MAP, "c", "default", {"metadata": {"managedFields": [{}]}})
    assert "managedFields" not in reset["metadata"]
