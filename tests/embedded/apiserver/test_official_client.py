"""The official Python client: typed, dynamic, watching."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.embedded.apiserver.conftest import Served
from tests.embedded.apiserver.objects import config_map, deployment, pod, service, widget, widget_definition

client = pytest.importorskip("kubernetes.client")


@pytest.fixture
def api(served: Served) -> Iterator[Any]:
    from kubernetes import config

    made = config.new_client_from_config(str(served.kubeconfig))
    yield made
    made.close()


def test_typed_objects_come_and_go(api: Any) -> None:
    core, apps = client.CoreV1Api(api), client.AppsV1Api(api)
    assert apps.create_namespaced_deployment("default", deployment("d")).spec.replicas == 1
    assert core.create_namespaced_pod("default", pod("p")).status.phase == "Pending"
    assert core.create_namespaced_service("default", service("s")).spec.cluster_ip.startswith("127.")
    scaled = apps.patch_namespaced_deployment_scale("d", "default", {"spec": {"replicas": 4}})
    assert scaled.spec.replicas == 4
    assert [
        p.metadata.name for p in core.list_namespaced_pod("default", label_selector="app=reviews").items
    ] == ["p"]
    apps.delete_namespaced_deployment("d", "default", propagation_policy="Foreground")
    assert apps.list_namespaced_deployment("default").items == []
    assert core.delete_namespaced_pod("p", "default").metadata.name == "p"
    assert core.delete_namespaced_service("s", "default").metadata.name == "s"


def test_conflicts_and_absences_are_api_exceptions(api: Any) -> None:
    core = client.CoreV1Api(api)
    first = core.create_namespaced_config_map("default", config_map("c"))
    core.replace_namespaced_config_map("c", "default", config_map("c", a="1"))
    with pytest.raises(client.ApiException) as conflict:
        core.replace_namespaced_config_map("c", "default", first)
    assert conflict.value.status == 409
    with pytest.raises(client.ApiException) as absent:
        core.read_namespaced_config_map("nobody", "default")
    assert absent.value.status == 404


def test_the_watch_helper_hears_changes(api: Any, served: Served) -> None:
    from kubernetes import watch

    core = client.CoreV1Api(api)
    seen = []
    served.run(served.registry.create(config_map("c")))
    for event in watch.Watch().stream(core.list_namespaced_config_map, "default", timeout_seconds=20):
        seen.append((event["type"], event["object"].metadata.name))
        if len(seen) == 1:
            core.delete_namespaced_config_map("c", "default")
        else:
            break
    assert seen == [("ADDED", "c"), ("DELETED", "c")]


def test_custom_objects(api: Any, served: Served) -> None:
    served.run(served.registry.create(widget_definition()))
    custom = client.CustomObjectsApi(api)
    place = ("example.com", "v1", "default", "widgets")
    custom.create_namespaced_custom_object(*place, widget("w"))
    custom.patch_namespaced_custom_object(*place, "w", {"spec": {"size": 4}})
    assert custom.get_namespaced_custom_object(*place, "w")["spec"]["size"] == 4
    assert len(custom.list_cluster_custom_object("example.com", "v1beta1", "widgets")["items"]) == 1


def test_the_dynamic_client_discovers_and_applies(api: Any, served: Served) -> None:
    from kubernetes import dynamic

    served.run(served.registry.create(widget_definition()))
    found = dynamic.DynamicClient(api)
    widgets = found.resources.get(api_version="example.com/v1", kind="Widget")
    made = widgets.server_side_apply(body=widget("w"), namespace="default", field_manager="me")
    assert made.metadata.managedFields[0].manager == "me"
    namespaces = found.resources.get(api_version="v1", kind="Namespace")
    assert [n.metadata.name for n in namespaces.get().items] == ["default"]
