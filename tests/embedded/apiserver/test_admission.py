"""Admission: mutators change, validators refuse or warn."""

from __future__ import annotations

import asyncio

import pytest

from meshtutor.embedded.apiserver.admission import Request
from meshtutor.embedded.apiserver.options import WriteOptions
from meshtutor.embedded.apiserver.registry import Registry
from meshtutor.embedded.apiserver.statuses import forbidden_field, invalid
from meshtutor.errors import InvalidError, NotFoundError
from meshtutor.kube.kinds import CONFIG_MAP, EVENT, NAMESPACE, POD
from tests.embedded.apiserver.objects import config_map, container, pod


async def test_mutators_run_in_order_and_may_wait(registry: Registry) -> None:
    async def first(request: Request) -> None:
        await asyncio.sleep(0)
        request.object["data"]["order"] = "first"

    def second(request: Request) -> None:
        request.object["data"]["order"] += ",second"

    registry.mutators.extend([first, second])
    assert (await registry.create(config_map("a")))["data"]["order"] == "first,second"


async def test_what_a_mutator_adds_is_completed_too(registry: Registry) -> None:
    def inject(request: Request) -> None:
        if request.kind is POD:
            request.object["spec"]["containers"].append(container(name="istio-proxy"))

    registry.mutators.append(inject)
    made = await registry.create(pod("p"))
    assert made["spec"]["containers"][1]["imagePullPolicy"] == "IfNotPresent"


async def test_a_request_tells_what_is_written_where(registry: Registry) -> None:
    seen: list[tuple[str, bool, str]] = []

    def look(request: Request) -> list[str]:
        space = (request.namespace_object or {}).get("metadata", {}).get("name", "")
        seen.append((request.operation, request.old_object is not None, space))
        return []

    registry.validators.append(look)
    await registry.create(config_map("a"))
    await registry.update(config_map("a", x="1"))
    await registry.delete(CONFIG_MAP, "a", "default")
    await registry.patch(NAMESPACE, "default", "", {"metadata": {"labels": {"a": "b"}}})
    assert seen == [
        ("CREATE", False, "default"),
        ("UPDATE", True, "default"),
        ("DELETE", True, "default"),
        ("UPDATE", True, ""),
    ]


async def test_a_validator_refuses_and_nothing_is_stored(registry: Registry) -> None:
    def refuse(request: Request) -> list[str]:
        raise invalid(
            request.kind, request.object["metadata"]["name"], [forbidden_field("data", "not today")]
        )

    registry.validators.append(refuse)
    with pytest.raises(InvalidError, match="data: Forbidden: not today"):
        await registry.create(config_map("a"))
    with pytest.raises(NotFoundError):
        await registry.get(CONFIG_MAP, "a", "default")


async def test_a_warning_reaches_the_caller_and_becomes_an_event(registry: Registry) -> None:
    registry.validators.append(lambda request: ["weights sum to 90"] if request.kind is CONFIG_MAP else [])
    options = WriteOptions()
    await registry.create(config_map("a"), options)
    assert options.warnings == ["weights sum to 90"]
    (event,) = await registry.list(EVENT)
    assert (event["reason"], event["message"], event["involvedObject"]["name"]) == (
        "Validation",
        "weights sum to 90",
        "a",
    )


async def test_a_write_of_the_status_is_not_admitted_again(registry: Registry) -> None:
    made = await registry.create(pod("p"))
    registry.mutators.append(lambda _: pytest.fail("called for a status"))
    await registry.update({**made, "status": {"phase": "Running"}}, subresource="status")
