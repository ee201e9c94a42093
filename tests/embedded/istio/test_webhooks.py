"""What validation and injection count, through an API server that calls both. In Prometheus: test_dashboards_on_lab."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import pytest_asyncio

from meshtutor.embedded.apiserver.options import WriteOptions
from meshtutor.embedded.apiserver.registry import Registry
from meshtutor.embedded.crds import crds
from meshtutor.embedded.istio.metrics import exposition
from meshtutor.embedded.istio.validation.admission import validate
from meshtutor.embedded.istio.webhooks import WebhookMetrics
from meshtutor.embedded.kubelet import injection
from meshtutor.embedded.kubelet.injection import inject
from meshtutor.errors import ApiStatusError
from tests.embedded.world import BLOCK, pod

GROUP = 'group="networking.istio.io"'


@pytest.fixture
def counted() -> WebhookMetrics:
    return WebhookMetrics()


@pytest_asyncio.fixture
async def api(counted: WebhookMetrics) -> Registry:
    made = Registry(
        BLOCK, mutators=[partial(inject, tell=counted.injected)], validators=[counted.validating(validate)]
    )
    for obj in (*crds(), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}):
        await made.create(obj)
    return made


def lines(counted: WebhookMetrics, start: str) -> list[str]:
    text = exposition([counted.registry]).decode()
    return [line for line in text.splitlines() if line.startswith(start)]


def rule(name: str, kind: str = "ServiceEntry", version: str = "v1", **spec: Any) -> dict[str, Any]:
    fine = {
        "hosts": ["a.com"],
        "resolution": "DNS",
        "ports": [{"number": 80, "name": "http", "protocol": "HTTP"}],
    }
    return {
        "apiVersion": f"networking.istio.io/{version}",
        "kind": kind,
        "metadata": {"name": name, "namespace": "default"},
        "spec": fine | spec,
    }


async def test_verdicts_are_counted_by_what_was_judged(api: Registry, counted: WebhookMetrics):
    for obj in (rule("one"), rule("two")):
        await api.create(obj)
    with pytest.raises(ApiStatusError):
        await api.create(rule("three", hosts=["not a host"]))
    passed = f'galley_validation_passed{{{GROUP},resource="serviceentries",version="v1"}} 2.0'
    failed = f'galley_validation_failed{{{GROUP},reason="invalid_resource",resource="serviceentries",version="v1"}} 1.0'
    assert lines(counted, "galley") == [passed, failed]
    assert lines(counted, "# TYPE galley") == [
        "# TYPE galley_validation_passed counter",
        "# TYPE galley_validation_failed counter",
    ]


async def test_a_version_is_the_one_that_was_asked_for_and_a_trial_does_not_fail(
    api: Registry, counted: WebhookMetrics
):
    await api.create(rule("one", version="v1beta1"), WriteOptions(version="v1beta1"))
    with pytest.raises(ApiStatusError):
        await api.create(rule("two", hosts=["not a host"]), WriteOptions(dry_run=True))
    assert lines(counted, "galley") == [
        f'galley_validation_passed{{{GROUP},resource="serviceentries",version="v1beta1"}} 1.0'
    ]


async def test_objects_that_are_not_istios_do_not_reach_the_webhook(api: Registry, counted: WebhookMetrics):
    await api.create(pod("one", None))
    assert lines(counted, "galley") == []


def injections(counted: WebhookMetrics) -> dict[str, float]:
    found = (line.split() for line in lines(counted, "sidecar_injection"))
    return {name.removeprefix("sidecar_injection_").removesuffix("_total"): float(n) for name, n in found}


async def test_pods_are_counted_for_which_the_injector_is_asked(
    api: Registry, counted: WebhookMetrics, monkeypatch: pytest.MonkeyPatch
):
    await api.create(pod("not-asked", None))
    assert injections(counted) == {"requests": 0, "success": 0, "skip": 0, "failure": 0}
    await api.create(asked_for("injected"))
    await api.create(asked_for("of-the-host", hostNetwork=True))
    assert injections(counted) == {"requests": 2, "success": 1, "skip": 1, "failure": 0}
    monkeypatch.setattr(injection, "proxy_container", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await api.create(asked_for("broken"))
    assert injections(counted) == {"requests": 3, "success": 1, "skip": 1, "failure": 1}
    assert lines(counted, "# TYPE sidecar_injection_success") == [
        "# TYPE sidecar_injection_success_total counter"
    ]


def asked_for(name: str, **spec: Any) -> dict[str, Any]:
    made = pod(name, None, **spec)
    made["metadata"]["labels"] = {"sidecar.istio.io/inject": "true"}
    return made
