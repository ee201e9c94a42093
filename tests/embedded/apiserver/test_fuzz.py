"""Mutated objects and patches: a refusal with a Status at worst, never another exception."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshtutor.embedded.apiserver.options import WriteOptions
from meshtutor.embedded.apiserver.registry import Registry
from meshtutor.embedded.apiserver.values import clone
from meshtutor.errors import ApiStatusError
from meshtutor.kube.kinds import DEPLOYMENT
from tests.embedded.apiserver.conftest import BLOCK
from tests.embedded.apiserver.objects import (
    Object,
    config_map,
    container,
    deployment,
    namespace,
    pod,
    service,
    widget,
    widget_definition,
)

PROBE = {"httpGet": {"port": 80, "path": "/"}, "periodSeconds": 1}
RICH = container(
    env=[
        {"name": "A", "value": "1"},
        {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
    ],
    ports=[{"containerPort": 80, "name": "http"}],
    readinessProbe=PROBE,
    resources={"limits": {"cpu": "1"}},
    volumeMounts=[{"name": "v", "mountPath": "/v"}],
)
VOLUMES = [
    {"name": "v", "configMap": {"name": "c"}},
    {"name": "p", "projected": {"sources": [{"secret": {"name": "s"}}]}},
]
OBJECTS = [
    pod("p", containers=[RICH], volumes=VOLUMES, tolerations=[{"key": "a", "operator": "Exists"}]),
    deployment("d", strategy={"rollingUpdate": {"maxSurge": 1}}),
    service("s", type="NodePort"),
    config_map("c", a="1"),
    {**config_map("s"), "kind": "Secret", "stringData": {"a": "b"}},
    widget("w", hosts=["a"], rules=[{"name": "x", "weight": 1}], free={"a": {"b": 1}}),
    widget_definition(),
    namespace("n"),
    {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "n"},
        "spec": {"taints": [{"effect": "NoSchedule"}]},
    },
]
JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-5, 70_000),
        st.text(max_size=4),
        st.sampled_from(["a", "1", "50%"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
    ),
    max_leaves=4,
)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path in an object but those that say what it is."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [] if not at or at in (("apiVersion",), ("kind",)) else [at]
    return found + [place for key, item in steps for place in places(item, (*at, key))]


def put(obj: Object, place: tuple[Any, ...], value: Any) -> Object:
    changed = target = clone(obj)
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    return changed


@st.composite
def mutated(draw: st.DrawFn) -> Object:
    obj = draw(st.sampled_from(OBJECTS))
    for _ in range(draw(st.integers(1, 3))):
        obj = put(obj, draw(st.sampled_from(places(obj))), draw(JSON))
    return obj


async def make() -> Registry:
    registry = Registry(BLOCK)
    for obj in (namespace("default"), widget_definition(), deployment("here", replicas=2)):
        await registry.create(obj)
    return registry


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(obj=mutated())
def test_whatever_is_created_is_stored_or_refused(obj: Object) -> None:
    async def run() -> None:
        registry = await make()
        for options in (WriteOptions(manager="fuzz"), WriteOptions(manager="fuzz", dry_run=True)):
            try:
                made = await registry.create(obj, options)
                await registry.update(clone(made))
                await registry.list(registry.core.resources.of_object(made).kind)
            except ApiStatusError as refused:
                assert refused.status["code"] == refused.code  # noqa: PT017

    asyncio.run(run())


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    place=st.sampled_from(places(OBJECTS[1])),
    value=JSON,
    how=st.sampled_from(["merge", "strategic", "apply"]),
)
def test_whatever_is_patched_is_stored_or_refused(place: tuple[Any, ...], value: Any, how: Any) -> None:
    async def run() -> None:
        registry = await make()
        base = {**OBJECTS[1], "metadata": {"name": "here", "namespace": "default"}}
        try:
            patch = put(base, place, value)
        except (KeyError, IndexError):
            return
        try:
            await registry.patch(
                DEPLOYMENT, "here", "default", patch, type=how, options=WriteOptions(manager="fuzz")
            )
        except ApiStatusError as refused:
            assert refused.code in (400, 409, 422)  # noqa: PT017

    asyncio.run(run())


@settings(max_examples=300, deadline=None)
@given(patch=JSON)
def test_any_json_as_a_patch(patch: Any) -> None:
    async def run() -> None:
        registry = await make()
        for how in ("merge", "strategic", "json", "apply"):
            try:
                await registry.patch(DEPLOYMENT, "here", "default", patch, type=how, manager="fuzz")  # type: ignore[arg-type]
            except ApiStatusError as refused:
                assert refused.code in (400, 409, 415, 422)  # noqa: PT017

    asyncio.run(run())
