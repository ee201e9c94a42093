"""The real kubectl, as a learner types it. What controllers and kubelet would do is pretended where it is needed."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import yaml

from meshtutor.errors import MeshtutorError
from meshtutor.kube.kinds import DEPLOYMENT, POD
from tests.embedded.apiserver.conftest import Kubectl, Served
from tests.embedded.apiserver.objects import (
    config_map,
    container,
    deployment,
    pod,
    service,
    widget,
    widget_definition,
)


def manifest(*objects: Any) -> str:
    return yaml.safe_dump_all(objects)


APP = manifest(config_map("settings", a="1"), service("reviews"), deployment("reviews-v1"))


def columns(table: str) -> list[list[str]]:
    return [line.split() for line in table.splitlines()]


def test_apply_creates_then_leaves_alone_then_configures(kubectl: Kubectl) -> None:
    assert kubectl("apply", "-f", "-", stdin=APP).splitlines() == [
        "configmap/settings created",
        "service/reviews created",
        "deployment.apps/reviews-v1 created",
    ]
    assert all(line.endswith("unchanged") for line in kubectl("apply", "-f", "-", stdin=APP).splitlines())
    changed = APP.replace("image: python:3.13-alpine", "image: python:3.12-alpine")
    assert "deployment.apps/reviews-v1 configured" in kubectl("apply", "-f", "-", stdin=changed)
    without = manifest(config_map("settings", b="2"))
    kubectl("apply", "-f", "-", stdin=without)
    assert json.loads(kubectl("get", "cm", "settings", "-o", "jsonpath={.data}")) == {"b": "2"}


def test_diff_of_what_is_there_is_empty(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=APP)
    assert kubectl.try_("diff", "-f", "-", stdin=APP).stdout == ""
    changed = kubectl.try_("diff", "-f", "-", stdin=APP.replace("a: '1'", "a: '2'"))
    assert changed.returncode == 1
    assert '+  a: "2"' in changed.stdout


def test_a_typing_error_is_refused_by_its_path(kubectl: Kubectl) -> None:
    wrong = kubectl.try_("apply", "-f", "-", stdin=manifest(deployment("d", replicsa=1)))
    assert 'unknown field "spec.replicsa"' in wrong.stderr
    warned = kubectl.try_("apply", "--validate=warn", "-f", "-", stdin=manifest(deployment("d", replicsa=1)))
    assert (warned.returncode, warned.stderr.strip()) == (0, 'Warning: unknown field "spec.replicsa"')
    invalid = kubectl.try_("apply", "-f", "-", stdin=manifest(deployment("e", replicas=-1)))
    assert 'The Deployment "e" is invalid: spec.replicas: Invalid value: -1' in invalid.stderr


def test_server_side_apply_and_its_conflict(kubectl: Kubectl) -> None:
    two = manifest(deployment("d", replicas=2))
    assert "serverside-applied" in kubectl("apply", "--server-side", "-f", "-", stdin=two)
    kubectl("scale", "deploy", "d", "--replicas=5")
    conflict = kubectl.try_("apply", "--server-side", "-f", "-", stdin=two)
    assert 'conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas' in conflict.stderr
    kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=two)
    assert kubectl("get", "deploy", "d", "-o", "jsonpath={.spec.replicas}") == "2"


def test_client_side_apply_can_become_server_side(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=APP)
    kubectl("apply", "--server-side", "-f", "-", stdin=APP)


def test_tables_have_the_columns_of_a_real_cluster(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=APP + "---\n" + manifest(pod("p")))
    head, (*told, age) = columns(kubectl("get", "deploy"))
    assert head == ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
    assert told == ["reviews-v1", "0/1", "0", "0"]
    assert re.fullmatch(r"\d+s", age)
    wide = kubectl("get", "pods", "-o", "wide")
    assert columns(wide)[1][:4] == ["p", "0/1", "Pending", "0"]
    assert wide.splitlines()[0].split()[5:] == ["IP", "NODE", "NOMINATED", "NODE", "READINESS", "GATES"]
    assert columns(kubectl("get", "svc"))[1][:2] == ["reviews", "ClusterIP"]
    assert columns(kubectl("get", "svc"))[1][3:5] == ["<none>", "9080/TCP"]
    assert columns(kubectl("get", "cm"))[1][:2] == ["settings", "1"]
    assert columns(kubectl("get", "ns"))[1][:2] == ["default", "Active"]
    everything = kubectl("get", "all")
    for name in ("pod/p", "service/reviews", "deployment.apps/reviews-v1"):
        assert name in everything


def test_describe(kubectl: Kubectl) -> None:
    kubectl("apply", "--validate=warn", "-f", "-", stdin=APP + "---\n" + manifest({**pod("p"), "spce": 1}))
    assert "25% max unavailable, 25% max surge" in kubectl("describe", "deploy", "reviews-v1")
    assert "Type:                     ClusterIP" in kubectl("describe", "svc", "reviews")
    told = kubectl("describe", "pod", "p")
    assert "QoS Class:        BestEffort" in told
    assert 'unknown field "spce"' in told
    for kind, name in (("cm", "settings"), ("ns", "default")):
        assert "Name:" in kubectl("describe", kind, name)


def test_label_annotate_patch_set_and_select(kubectl: Kubectl, served: Served) -> None:
    kubectl("apply", "-f", "-", stdin=APP)
    kubectl("label", "namespace", "default", "istio-injection=enabled")
    assert kubectl("get", "ns", "-l", "istio-injection=enabled", "-o", "name") == "namespace/default\n"
    kubectl("label", "namespace", "default", "istio-injection-")
    assert kubectl.try_("get", "ns", "-l", "istio-injection").stdout == ""
    kubectl("annotate", "deploy", "reviews-v1", "a=b")
    strategic = {
        "spec": {
            "template": {"spec": {"containers": [{"name": "app", "env": [{"name": "X", "value": "1"}]}]}}
        }
    }
    kubectl("patch", "deploy", "reviews-v1", "-p", json.dumps(strategic))
    kubectl(
        "patch",
        "deploy",
        "reviews-v1",
        "--type=json",
        "-p",
        '[{"op":"replace","path":"/spec/replicas","value":3}]',
    )
    kubectl("patch", "deploy", "reviews-v1", "--type=merge", "-p", '{"spec":{"paused":true}}')
    kubectl("set", "image", "deploy/reviews-v1", "app=python:3.12")
    spec = served.run(served.registry.get(DEPLOYMENT, "reviews-v1", "default"))["spec"]
    (app,) = spec["template"]["spec"]["containers"]
    assert (app["image"], app["env"], spec["replicas"], spec["paused"]) == (
        "python:3.12",
        [{"name": "X", "value": "1"}],
        3,
        True,
    )


def test_rollout_restart_marks_the_template(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=APP)
    assert kubectl("rollout", "restart", "deploy", "reviews-v1") == "deployment.apps/reviews-v1 restarted\n"
    path = "jsonpath={.spec.template.metadata.annotations}"
    assert "kubectl.kubernetes.io/restartedAt" in kubectl("get", "deploy", "reviews-v1", "-o", path)


def later(work: Callable[[], None]) -> threading.Timer:
    timer = threading.Timer(0.3, work)
    timer.start()
    return timer


def test_rollout_status_and_wait_follow_the_status(kubectl: Kubectl, served: Served) -> None:
    made = served.run(served.registry.create(deployment("d")))
    status = {
        "observedGeneration": 1,
        "replicas": 1,
        "updatedReplicas": 1,
        "readyReplicas": 1,
        "availableReplicas": 1,
        "conditions": [{"type": "Available", "status": "True"}],
    }
    work = served.registry.update({**made, "status": status}, subresource="status")
    later(lambda: served.run(work))
    assert "successfully rolled out" in kubectl("rollout", "status", "deploy", "d", "--timeout=10s")
    assert "condition met" in kubectl("wait", "--for=condition=Available", "deploy/d", "--timeout=10s")


def test_delete_waits_until_the_pod_is_gone(kubectl: Kubectl, served: Served) -> None:
    served.run(served.registry.create(pod("p", nodeName="n")))
    removed = threading.Event()

    def remove() -> None:  # as a kubelet does that lets the pod end first
        while "deletionTimestamp" not in served.run(served.registry.get(POD, "p", "default"))["metadata"]:
            time.sleep(0.01)
        time.sleep(0.3)
        removed.set()
        served.run(served.registry.delete(POD, "p", "default", grace_seconds=0))

    kubelet = threading.Thread(target=remove, daemon=True)
    kubelet.start()
    assert kubectl("delete", "pod", "p") == 'pod "p" deleted\n'
    assert removed.is_set()
    kubelet.join(10)


def test_delete_by_file_selector_and_namespace(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=APP)
    kubectl("delete", "-f", "-", stdin=APP)
    assert kubectl.try_("get", "all").stdout == ""
    kubectl("create", "namespace", "n")
    kubectl("-n", "n", "create", "configmap", "c", "--from-literal=a=b")
    assert kubectl("delete", "namespace", "n") == 'namespace "n" deleted\n'
    assert "NotFound" in kubectl.try_("get", "ns", "n").stderr


class Logs:
    """What a kubelet would serve."""

    asked: dict[str, Any]

    async def read(self, namespace: str, name: str, container: str, **options: Any) -> AsyncIterator[bytes]:
        self.asked = {"container": container, **options}
        if options.get("previous"):
            raise MeshtutorError(f'previous terminated container "{container}" in pod "{name}" not found')
        for line in (b"one\n", b"two\n"):
            yield line


def test_logs_of_the_container_that_is_meant(kubectl: Kubectl, served: Served) -> None:
    source = served.registry.log_source = Logs()
    two = [container(), container(name="istio-proxy")]
    served.run(served.registry.create(pod("p", containers=two)))
    assert kubectl("logs", "p", "-c", "istio-proxy", "--tail=5") == "one\ntwo\n"
    assert source.asked == {
        "container": "istio-proxy",
        "follow": False,
        "previous": False,
        "tail_lines": 5,
        "limit_bytes": None,
    }
    assert kubectl("logs", "-f", "p", "-c", "app") == "one\ntwo\n"
    assert "Defaulted container" in kubectl.try_("logs", "p").stderr
    for arguments, text in (
        (("-c", "nobody"), "container nobody is not valid for pod p"),
        (("-c", "app", "--previous"), 'previous terminated container "app"'),
        (("-c", "app", "--timestamps"), "timestamps is not supported"),
    ):
        assert text in kubectl.try_("logs", "p", *arguments).stderr


def test_what_kubectl_sends_as_protobuf_is_understood(kubectl: Kubectl, served: Served) -> None:
    kubectl("create", "configmap", "c", "--from-literal=a=b")
    kubectl("create", "secret", "generic", "s", "--from-literal=a=b")
    kubectl("create", "deployment", "d", "--image=python:3", "--replicas=0", "--port=80")
    kubectl("create", "service", "nodeport", "d", "--tcp=80:8080", "--node-port=30080")
    kubectl("create", "ingress", "i", "--rule=example.com/path*=d:80")
    made = served.run(served.registry.get(DEPLOYMENT, "d", "default"))
    assert made["spec"]["replicas"] == 0
    assert made["spec"]["template"]["spec"]["containers"][0]["ports"] == [
        {"containerPort": 80, "protocol": "TCP"}
    ]
    assert "30080/TCP" in kubectl("get", "svc", "d")
    assert kubectl("get", "secret", "s", "-o", "jsonpath={.data.a}") == "Yg=="
    assert kubectl("get", "ingress", "i", "-o", "jsonpath={.spec.rules[0].host}") == "example.com"


def test_tokens_and_questions_about_rights(kubectl: Kubectl) -> None:
    kubectl("create", "serviceaccount", "bookinfo")
    token = kubectl("create", "token", "bookinfo").strip()
    assert "system:serviceaccount:default:bookinfo" in kubectl(f"--token={token}", "auth", "whoami")
    assert kubectl("auth", "can-i", "delete", "pods") == "yes\n"
    assert "Unauthorized" in kubectl.try_("--token=wrong", "get", "pods").stderr


def test_explain(kubectl: Kubectl, served: Served) -> None:
    served.run(served.registry.create(widget_definition()))
    told = kubectl("explain", "widget.spec")
    assert "What a widget is." in told
    assert "size\t<integer> -required-" in told
    assert "How big it is." in told
    assert "GROUP:      apps" in kubectl("explain", "deployment.spec.strategy.rollingUpdate")
    assert "imagePullPolicy" in kubectl("explain", "pod.spec.containers", "--recursive")


def test_custom_kinds(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=manifest(widget_definition()))
    kubectl("wait", "--for=condition=Established", "crd/widgets.example.com", "--timeout=5s")
    kubectl("apply", "-f", "-", stdin=manifest(widget("w", "v1beta1", hosts=["a"])))
    assert columns(kubectl("get", "wd"))[1][:2] == ["w", '["a"]']
    kubectl("apply", "-f", "-", stdin=manifest(widget("w", "v1beta1", hosts=["b"])))
    assert kubectl("get", "wd", "w", "-o", "jsonpath={.spec.hosts}") == '["b"]'
    wrong = kubectl.try_("apply", "-f", "-", stdin=manifest(widget("w", size="big")))
    assert "spec.size: Invalid value" in wrong.stderr
    kubectl("scale", "wd", "w", "--replicas=7")
    assert kubectl("get", "wd", "w", "-o", "jsonpath={.spec.size}") == "7"
    kubectl("delete", "crd", "widgets.example.com")
    assert kubectl.try_("get", "widgets.example.com").returncode == 1


def test_watching_prints_what_happens(kubectl: Kubectl, served: Served) -> None:
    served.run(served.registry.create(pod("p")))
    with kubectl.reading("get", "pods", "-w", "--output-watch-events") as lines:
        assert next(lines).split()[:2] == ["EVENT", "NAME"]
        assert next(lines).split()[:2] == ["ADDED", "p"]
        served.run(served.registry.delete(POD, "p", "default"))
        assert next(lines).split()[:2] == ["DELETED", "p"]


def test_api_resources_show_short_names(kubectl: Kubectl) -> None:
    rows = {row[0]: row for row in columns(kubectl("api-resources"))}
    assert rows["deployments"][1:] == ["deploy", "apps/v1", "true", "Deployment"]
    assert rows["namespaces"][1:] == ["ns", "v1", "false", "Namespace"]
    assert kubectl("api-versions").splitlines() == sorted(kubectl("api-versions").splitlines())


@pytest.mark.parametrize("arguments", [("exec", "p", "--", "ls"), ("attach", "p")])
def test_what_cannot_be_done_is_said(kubectl: Kubectl, served: Served, arguments: tuple[str, ...]) -> None:
    made = served.run(served.registry.create(pod("p")))
    served.run(served.registry.update({**made, "status": {"phase": "Running"}}, subresource="status"))
    assert f"{arguments[0]} is not supported" in kubectl.try_(*arguments).stderr
