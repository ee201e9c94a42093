"""The same requests to a real kube-apiserver and to ours: the answers agree.

A table of steps, run in order on both. Compared are the code, and for refusals the reason, the message and the fields,
for objects everything but what each server makes up itself. Skipped where there is no kube-apiserver (`make real`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from tests.embedded.apiserver.conftest import Served
from tests.embedded.apiserver.objects import (
    Object,
    config_map,
    container,
    deployment,
    pod,
    service,
    widget,
    widget_definition,
)
from tests.real.apiserver import TOKENS, ApiServer, serving

pytestmark = pytest.mark.real
NS = "namespaces/default"
MAPS, PODS, SERVICES = (f"/api/v1/{NS}/{plural}" for plural in ("configmaps", "pods", "services"))
DEPLOYMENTS, WIDGETS = f"/apis/apps/v1/{NS}/deployments", f"/apis/example.com/v1/{NS}/widgets"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
APPLY, MERGE = "application/apply-patch+yaml", "application/merge-patch+json"
STRATEGIC, OPERATIONS = "application/strategic-merge-patch+json", "application/json-patch+json"
MADE_UP = {"uid", "creationTimestamp", "resourceVersion", "deletionTimestamp", "clusterIP", "clusterIPs", "nodePort",
           "lastTransitionTime", "managedFields", "serviceAccount", "serviceAccountName"}  # fmt: skip


def with_env(name: str, **variables: str) -> Object:
    made = deployment(name)
    env = [{"name": key, "value": value} for key, value in variables.items()]
    made["spec"]["template"]["spec"]["containers"] = [container(env=env, ports=[{"containerPort": 80}])]
    return made


def template(containers: list[Object], **more: Any) -> Object:
    return {"spec": {"template": {"spec": {"containers": containers, **more}}}}


def rich_pod() -> Object:
    app = container(
        image="a/b",
        readinessProbe={"httpGet": {"port": 80}},
        livenessProbe={"tcpSocket": {"port": "web"}},
        resources={"limits": {"cpu": 1, "memory": "1Gi"}},
        env=[{"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        ports=[{"containerPort": 80, "name": "web"}],
        volumeMounts=[{"name": "v", "mountPath": "/a"}],
    )
    volumes = [{"name": "v"}, {"name": "c", "configMap": {"name": "x"}}]
    return pod("rich", containers=[app], volumes=volumes, tolerations=[{"key": "a", "operator": "Exists"}])


Step = tuple[str, str, Any] | tuple[str, str, Any, str]
STEPS: list[Step] = [
    ("POST", MAPS, config_map("a", x="1")),
    ("POST", MAPS, config_map("a", x="1")),
    ("POST", "/api/v1/namespaces/nowhere/configmaps", config_map("a", "nowhere")),
    ("GET", f"{MAPS}/nobody", None),
    ("PUT", f"{MAPS}/a", {**config_map("a"), "metadata": {"name": "a", "resourceVersion": "1"}}),
    ("PUT", f"{MAPS}/a", config_map("b")),
    ("PUT", f"{MAPS}/nobody", config_map("nobody")),
    ("POST", MAPS, config_map("b", "elsewhere")),
    ("GET", f"{MAPS}?fieldSelector=data.a%3Db", None),
    ("DELETE", "/api/v1/namespaces/default", None),
    ("POST", PODS, pod("plain")),
    ("POST", PODS, rich_pod()),
    ("GET", f"{PODS}/nobody/log", None),
    ("POST", SERVICES, service("s1")),
    ("POST", SERVICES, service("s2", type="NodePort")),
    ("POST", SERVICES, service("s3", type="LoadBalancer")),
    ("POST", SERVICES, service("s4", clusterIP="None")),
    ("POST", SERVICES, service("s5", type="ExternalName", externalName="example.com")),
    ("POST", DEPLOYMENTS, deployment("d")),
    ("POST", f"{DEPLOYMENTS}?fieldValidation=Strict", deployment("e", replicsa=1)),
    ("PATCH", f"{DEPLOYMENTS}/d", template([{"name": "new", "image": "x"}]), STRATEGIC),
    ("PATCH", f"{DEPLOYMENTS}/d", template([{"name": "new", "$patch": "delete"}]), STRATEGIC),
    (
        "PATCH",
        f"{DEPLOYMENTS}/d",
        template(
            [{"name": "b", "image": "x"}], **{"$setElementOrder/containers": [{"name": "b"}, {"name": "app"}]}
        ),
        STRATEGIC,
    ),
    ("PATCH", f"{DEPLOYMENTS}/d", [{"op": "replace", "path": "/spec/replicas", "value": 4}], OPERATIONS),
    ("PATCH", f"{DEPLOYMENTS}/d", {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": None}}}, MERGE),
    ("PATCH", f"{DEPLOYMENTS}/d", {"spec": {"selector": {"matchLabels": {"x": "y"}}}}, MERGE),
    ("GET", f"{DEPLOYMENTS}/d/scale", None),
    ("PATCH", f"{DEPLOYMENTS}/a?fieldManager=one", deployment("a", replicas=2), APPLY),
    ("PATCH", f"{DEPLOYMENTS}/a?fieldManager=two", deployment("a", replicas=3), APPLY),
    ("PATCH", f"{DEPLOYMENTS}/a/scale?fieldManager=scaler", {"spec": {"replicas": 7}}, MERGE),
    ("PATCH", f"{DEPLOYMENTS}/a?fieldManager=one", deployment("a", replicas=2), APPLY),
    ("PATCH", f"{DEPLOYMENTS}/a?fieldManager=one&force=true", deployment("a", replicas=2), APPLY),
    ("PATCH", f"{DEPLOYMENTS}/a?fieldManager=one", with_env("a", A="1", B="2"), APPLY),
    ("PATCH", f"{DEPLOYMENTS}/a?fieldManager=two", with_env("a", C="3"), APPLY),
    ("PATCH", f"{DEPLOYMENTS}/a?fieldManager=one", with_env("a", B="2"), APPLY),
    ("PATCH", f"{DEPLOYMENTS}/a?fieldManager=one", with_env("a", C="9"), APPLY),
    ("PATCH", f"{MAPS}/c?fieldManager=one", config_map("c", a="1", b="2"), APPLY),
    ("PATCH", f"{MAPS}/c?fieldManager=one", config_map("c", a="1"), APPLY),
    ("POST", WIDGETS, widget("w", hosts=["a"])),
    ("POST", WIDGETS, widget("x", size=30, color="green", hosts=["a", 7])),
    ("POST", WIDGETS, {**widget("x"), "spec": {}}),
    ("POST", WIDGETS, widget("x", rules=[{"name": "a"}, {"name": "a"}])),
    ("POST", WIDGETS, widget("n", hosts=None, free=None)),
    ("POST", f"{WIDGETS}?fieldValidation=Strict", widget("x", foo=1)),
    ("GET", f"{WIDGETS.replace('/v1/', '/v1beta1/')}/w", None),
    ("PATCH", f"{WIDGETS}/w", {"spec": {"size": 5}}, STRATEGIC),
    ("PATCH", f"{WIDGETS}/w/status", {"status": {"a": 5}, "spec": {"size": 9}}, MERGE),
    ("PATCH", f"{WIDGETS}/w/scale", {"spec": {"replicas": 4}}, MERGE),
    ("PATCH", f"{WIDGETS}/s?fieldManager=one", widget("s", hosts=["a"], rules=[{"name": "x"}]), APPLY),
    ("PATCH", f"{WIDGETS}/s?fieldManager=two", widget("s", rules=[{"name": "y"}]), APPLY),
    ("PATCH", f"{WIDGETS}/s?fieldManager=two", widget("s", hosts=["b"]), APPLY),
    ("PATCH", f"{WIDGETS}/s?fieldManager=one", widget("s"), APPLY),
    ("GET", f"{DEFINITIONS}/widgets.example.com", None),
    ("DELETE", f"{MAPS}/a", None),
    ("DELETE", f"{MAPS}/a", None),
]


class Speaker:
    """One of the two servers."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token
        self._pool = urllib3.PoolManager(cert_reqs="CERT_NONE")

    def ask(self, method: str, path: str, body: Any, media: str = "application/json") -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": media, "User-Agent": "kubectl/x"}
        data = None if body is None else json.dumps(body)
        answer = self._pool.request(method, self._url + path, body=data, headers=headers, timeout=20)
        return answer.status, answer.json()


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    with serving(tmp_path_factory.mktemp("real")) as server:
        yield server


def plain(value: Any) -> Any:
    """Without what each server makes up itself, and without what Go writes where there is nothing."""
    if isinstance(value, dict):
        kept = {k: plain(v) for k, v in value.items() if k not in MADE_UP}
        return {k: v for k, v in kept.items() if not (k in ("status", "details") and v == {})}
    return [plain(item) for item in value] if isinstance(value, list) else value


def comparable(body: Any) -> Any:
    """Several causes come in the order of a Go map, which is none."""
    made = plain(body)
    causes = made.get("details", {}).get("causes", []) if made.get("kind") == "Status" else []
    if len(causes) > 1:
        made["details"]["causes"] = sorted(causes, key=json.dumps)
        del made["message"]
    return made


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_every_step_has_the_same_answer(served: Served, real: ApiServer) -> None:
    theirs = Speaker(f"https://127.0.0.1:{real.port}", TOKENS["admin"])
    ours = Speaker(served.api.url, str(served.http.headers["Authorization"]).removeprefix("Bearer "))
    for speaker in (theirs, ours):
        speaker.ask("POST", DEFINITIONS, widget_definition())
        _until_served(speaker)
    differing = []
    for step in STEPS:
        (their_code, their_body), (our_code, our_body) = theirs.ask(*step), ours.ask(*step)
        difference = _difference(comparable(their_body), comparable(our_body))
        if their_code != our_code or difference:
            differing.append((step[:2], their_code, our_code, difference))
    assert differing == []


def _until_served(speaker: Speaker) -> None:
    """A real server serves a new kind a moment later; a missing page is not JSON there."""
    for _ in range(2000):
        try:
            if speaker.ask("GET", WIDGETS, None)[0] == 200:
                return
        except json.JSONDecodeError:
            continue
    pytest.fail("the custom kind is not served")


def _difference(theirs: Any, ours: Any, path: str = "") -> list[str]:
    """Where two JSON values differ."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        keys = sorted(theirs.keys() | ours.keys())
        return [text for k in keys for text in _difference(theirs.get(k), ours.get(k), f"{path}.{k}")]
    return [] if theirs == ours else [f"{path}: theirs {theirs!r}, ours {ours!r}"]
