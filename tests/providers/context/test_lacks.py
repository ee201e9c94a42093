"""What lessons will lack on somebody's cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from meshtutor.kube.client import KubeClient
from meshtutor.providers.base import Provider
from meshtutor.providers.context import lacks
from meshtutor.providers.context.provider import ClusterProvider
from tests.support.kubernetes import FakeKubernetes


def told(directory: Path, config: dict[str, Any]) -> list[str]:
    """What is said of tracing where istiod has this MeshConfig."""
    fake = FakeKubernetes()
    fake.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "istio", "namespace": "istio-system"},
              "data": {"mesh": yaml.safe_dump(config)}})  # fmt: skip
    return [
        str(lack)
        for lack in lacks._tracing(KubeClient.from_kubeconfig(fake.kubeconfig(directory)), "kubectl")
    ]


@pytest.mark.parametrize(
    ("config", "lacking"),
    [
        ({"defaultProviders": {"metrics": ["prometheus"]}}, True),  # what `istioctl install` writes
        ({"defaultProviders": {"tracing": ["jaeger"]}}, False),
        ({"enableTracing": True, "defaultConfig": {"tracing": {"zipkin": {"address": "z:9411"}}}}, False),
    ],
)
def test_tracing_is_off_until_a_provider_is_named(
    tmp_path: Path, config: dict[str, Any], lacking: bool
) -> None:
    found = told(tmp_path, config)
    assert bool(found) == lacking
    assert all("edit configmap istio" in one for one in found)


def test_nodes_are_to_be_in_both_regions_of_lesson_10() -> None:
    assert lacks.wanted_regions() == {"europe", "brazil"}


def test_a_trace_takes_longer_where_proxies_report_every_five_seconds() -> None:
    assert ClusterProvider.report_seconds > 5 > Provider.report_seconds
