"""What is refused, by which field; and what the server fills in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from meshtutor.embedded.apiserver.registry import Registry
from meshtutor.errors import ApiStatusError, InvalidError
from meshtutor.kube.kinds import CONFIG_MAP, DEPLOYMENT, POD, SECRET
from tests.embedded.apiserver.objects import (
    Object,
    config_map,
    container,
    deployment,
    namespace,
    pod,
    service,
    widget_definition,
)


def named(obj: Object, name: str) -> Object:
    return {**obj, "metadata": {**obj["metadata"], "name": name}}


def labelled(obj: Object, labels: dict[str, Any]) -> Object:
    return {**obj, "metadata": {**obj["metadata"], "labels": labels}}


def secret(**fields: Any) -> Object:
    return {**config_map("s"), "kind": "Secret", **fields}


def template(obj: Object, **container_fields: Any) -> Object:
    obj["spec"]["template"]["spec"]["containers"] = [container(**container_fields)]
    return obj


def definition(change: Callable[[Object], Any]) -> Object:
    made = widget_definition()
    change(made["spec"])
    return made


def schema(**fields: Any) -> Callable[[Object], Any]:
    return lambda spec: spec["versions"][0].update(schema={"openAPIV3Schema": {"type": "object", **fields}})


SCHEMA = "spec.versions[0].schema.openAPIV3Schema"
CONTAINER = "spec.template.spec.containers[0]"
INVALID = [
    (named(config_map("x"), "Upper"), "metadata.name", "a lowercase RFC 1123 subdomain"),
    (named(service("x"), "1st"), "metadata.name", "a DNS-1035 label"),
    (named(namespace("x"), "a.b"), "metadata.name", "must not contain dots"),
    (named(config_map("x"), ""), "metadata.name", "name or generateName is required"),
    (labelled(config_map("x"), {"a b": "c"}), "metadata.labels", "name part must consist of"),
    (labelled(config_map("x"), {"a": "-c"}), "metadata.labels", "a valid label must be an empty string or"),
    (labelled(config_map("x"), {"a": "c" * 64}), "metadata.labels", "must be no more than 63 bytes"),
    (deployment("d", selector=None), "spec.selector", "Required value"),
    (deployment("d", selector={}), "spec.selector", "empty selector is invalid"),
    (
        deployment("d", selector={"matchLabels": {"app": "other"}}),
        "spec.template.metadata.labels",
        "`selector` does not match template `labels`",
    ),
    (deployment("d", replicas=-1), "spec.replicas", "must be greater than or equal to 0"),
    (deployment("d", strategy={"type": "Sudden"}), "spec.strategy.type", 'supported values: "Recreate"'),
    (
        deployment("d", strategy={"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}),
        "spec.strategy.rollingUpdate.maxUnavailable",
        "may not be 0 when `maxSurge` is 0",
    ),
    (template(deployment("d"), image=""), f"{CONTAINER}.image", "Required value"),
    (template(deployment("d"), name="A"), "spec.template.spec.containers[0].name", "RFC 1123 label"),
    (
        template(deployment("d"), imagePullPolicy="Sometimes"),
        f"{CONTAINER}.imagePullPolicy",
        'Unsupported value: "Sometimes"',
    ),
    (
        template(deployment("d"), ports=[{"containerPort": 70000}]),
        f"{CONTAINER}.ports[0].containerPort",
        "must be between 1 and 65535",
    ),
    (
        template(deployment("d"), ports=[{"name": "a"}]),
        f"{CONTAINER}.ports[0].containerPort",
        "Required value",
    ),
    (
        template(deployment("d"), volumeMounts=[{"name": "v", "mountPath": "/a"}]),
        f"{CONTAINER}.volumeMounts[0].name",
        'Not found: "v"',
    ),
    (template(deployment("d"), readinessProbe={}), f"{CONTAINER}.readinessProbe", "must specify a handler"),
    (
        template(deployment("d"), resources={"limits": {"memory": "much"}}),
        f"{CONTAINER}.resources.limits.memory",
        "quantities must match",
    ),
    (pod("p", containers=[]), "spec.containers", "Required value"),
    (pod("p", containers=[container(), container()]), "spec.containers[1].name", "Duplicate value"),
    (pod("p", restartPolicy="Often"), "spec.restartPolicy", "Unsupported value"),
    (service("s", type="Public"), "spec.type", "Unsupported value"),
    (service("s", ports=[]), "spec.ports", "Required value"),
    (service("s", ports=[{"port": 80}, {"port": 81}]), "spec.ports[0].name", "Required value"),
    (
        service("s", ports=[{"name": "a", "port": 80}, {"name": "b", "port": 80}]),
        "spec.ports[1]",
        "Duplicate value",
    ),
    (service("s", ports=[{"port": 80, "nodePort": 30001}]), "spec.ports[0].nodePort", "'ClusterIP'"),
    (
        service("s", type="NodePort", ports=[{"port": 80, "nodePort": 80}]),
        "spec.ports[0].nodePort",
        "30000-32767",
    ),
    (service("s", clusterIP="10.0.0.1"), "spec.clusterIPs", "does not match the current range"),
    (service("s", type="ExternalName"), "spec.externalName", "Required value"),
    (config_map("c", **{"a/b": "x"}), "data[a/b]", "a valid config key"),
    (config_map("c", a="x" * 1_100_000), "data", "Too long"),
    (secret(data={"a": "not base64!"}), "data.a", "must be of type byte"),
    (secret(data={}, type="kubernetes.io/tls"), "data[tls.crt]", "Required value"),
    (definition(schema(type="string")), f"{SCHEMA}.type", "must be object at the root"),
    (
        definition(schema(properties={"a": {"type": "text"}})),
        f"{SCHEMA}.properties[a].type",
        "Unsupported value",
    ),
    (
        definition(schema(properties={"a": {"pattern": "("}})),
        f"{SCHEMA}.properties[a].pattern",
        "regular expression",
    ),
    (
        definition(schema(properties={"a": {"type": "array"}})),
        f"{SCHEMA}.properties[a].items",
        "Required value",
    ),
    (
        definition(schema(properties={"a": {"items": [1]}})),
        f"{SCHEMA}.properties[a].items",
        "must be a schema",
    ),
    (definition(schema(properties=[])), f"{SCHEMA}.properties", "must be an object"),
    (definition(lambda s: s.update(scope="Everywhere")), "spec.scope", "Unsupported value"),
    (definition(lambda s: s["names"].update(plural="gadgets")), "metadata.name", "must be spec.names.plural"),
    (definition(lambda s: s["versions"][1].update(storage=True)), "spec.versions", "exactly one version"),
]


@pytest.mark.parametrize(("obj", "field", "text"), INVALID, ids=[f"{f}-{t[:20]}" for _, f, t in INVALID])
async def test_a_wrong_field_is_refused_by_its_path(
    registry: Registry, obj: Object, field: str, text: str
) -> None:
    with pytest.raises(InvalidError) as refused:
        await registry.create(obj)
    causes = {cause["field"]: cause["message"] for cause in refused.value.status["details"]["causes"]}
    assert text in causes.get(field, f"nothing about {field}, but {causes}")
    assert refused.value.code == 422


WRONG_TYPES = [
    (deployment("d", replicas="three"), "spec.replicas", "integer"),
    (deployment("d", template=[]), "spec.template", "object"),
    (template(deployment("d"), env={"A": "1"}), f"{CONTAINER}.env", "array"),
    (template(deployment("d"), env=[{"name": "A", "value": 1}]), f"{CONTAINER}.env[0].value", "string"),
    (config_map("c", a=1), "data.a", "string"),  # type: ignore[arg-type]
    (labelled(config_map("x"), {"version": 1}), "metadata.labels.version", "string"),
]


@pytest.mark.parametrize(("obj", "field", "expected"), WRONG_TYPES, ids=[f for _, f, _ in WRONG_TYPES])
async def test_a_wrong_type_names_the_field_and_the_type(
    registry: Registry, obj: Object, field: str, expected: str
) -> None:
    with pytest.raises(ApiStatusError, match="cannot be handled as a") as refused:
        await registry.create(obj)
    assert f"{field} in body must be of type {expected}" in refused.value.message
    assert refused.value.code == 400


async def test_the_selector_of_a_deployment_is_for_life(registry: Registry) -> None:
    made = await registry.create(deployment("d"))
    labels = {"app": "reviews", "more": "x"}
    spec = {**made["spec"], "selector": {"matchLabels": labels}}
    spec["template"] = {**spec["template"], "metadata": {"labels": labels}}
    with pytest.raises(InvalidError, match=r"spec.selector: .*field is immutable"):
        await registry.update({**made, "spec": spec})


async def test_of_a_pod_only_images_and_a_little_else_may_change(registry: Registry) -> None:
    await registry.create(pod("p"))
    image = {"spec": {"containers": [{"name": "app", "image": "python:3.12"}]}}
    await registry.patch(POD, "p", "default", image, type="strategic")
    command = {"spec": {"containers": [{"name": "app", "command": ["sleep"]}]}}
    with pytest.raises(InvalidError, match="pod updates may not change fields other than"):
        await registry.patch(POD, "p", "default", command, type="strategic")


async def test_a_pod_is_bound_once(registry: Registry) -> None:
    await registry.create(pod("p"))
    bound = await registry.patch(POD, "p", "default", {"spec": {"nodeName": "one"}})
    assert bound["spec"]["nodeName"] == "one"
    with pytest.raises(InvalidError):
        await registry.patch(POD, "p", "default", {"spec": {"nodeName": "two"}})


async def test_an_immutable_config_map_keeps_its_data(registry: Registry) -> None:
    await registry.create({**config_map("c", a="1"), "immutable": True})
    with pytest.raises(InvalidError, match="immutable"):
        await registry.patch(CONFIG_MAP, "c", "default", {"data": {"a": "2"}})


async def test_a_deployment_is_completed_as_kubernetes_completes_it(registry: Registry) -> None:
    spec = (await registry.create(deployment("d")))["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
    }
    assert (spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"]) == (10, 600)
    assert spec["template"]["spec"]["containers"][0]["imagePullPolicy"] == "IfNotPresent"


async def test_a_pod_is_completed_as_kubernetes_completes_it(registry: Registry) -> None:
    probe = {"httpGet": {"port": 80}}
    made = await registry.create(
        pod(
            "p",
            containers=[
                container(
                    image="a/b", readinessProbe=probe, resources={"limits": {"cpu": 1, "memory": "1Gi"}}
                )
            ],
            volumes=[{"name": "v"}, {"name": "c", "configMap": {"name": "x"}}],
        )
    )
    app = made["spec"]["containers"][0]
    assert app["imagePullPolicy"] == "Always"
    assert app["readinessProbe"] == {
        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    assert app["resources"]["requests"] == {"cpu": "1", "memory": "1Gi"}
    assert made["spec"]["volumes"] == [
        {"name": "v", "emptyDir": {}},
        {"name": "c", "configMap": {"name": "x", "defaultMode": 420}},
    ]
    assert made["spec"]["serviceAccountName"] == "default"
    assert made["status"] == {"phase": "Pending", "qosClass": "Guaranteed"}


async def test_plain_values_of_a_secret_are_encoded(registry: Registry) -> None:
    await registry.create(secret(data=None, stringData={"a": "b"}))
    made = await registry.get(SECRET, "s", "default")
    assert made["data"] == {"a": "Yg=="}
    assert "stringData" not in made


async def test_scaling_to_zero_is_not_taken_for_nothing_said(registry: Registry) -> None:
    await registry.create(deployment("d"))
    scaled = await registry.patch(DEPLOYMENT, "d", "default", {"spec": {"replicas": 0}})
    assert scaled["spec"]["replicas"] == 0
