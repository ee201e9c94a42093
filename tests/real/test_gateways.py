"""Which gateway `up --on context` uses, against a real API server."""

from __future__ import annotations

import copy
import shlex
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from meshtutor.errors import LabError, NotReadyError
from meshtutor.kube import kinds
from meshtutor.kube.client import KubeClient
from meshtutor.providers.context import choosing, forwarder, ownership
from meshtutor.providers.context import up as context
from meshtutor.providers.context.choosing import GatewayIsChosen
from meshtutor.providers.context.entrance import GatewayIsOwn, GatewayIsReached
from meshtutor.providers.records import Record
from tests.real.apiserver import ApiServer
from tests.real.caretaker import Caretaker
from tests.real.programs import find
from tests.real.test_context import home

__all__ = ["home"]
Make = Callable[..., None]


@pytest.fixture
def make(server: ApiServer) -> Iterator[Make]:
    """Make a gateway as Istio's Helm chart does; gone afterwards."""
    kube, made = server.client(), []

    def make(namespace: str, name: str, label: str, target: int | str = 80) -> None:
        labels = {"app": name, "istio": label}
        template = {"metadata": {"labels": labels, "annotations": {"inject.istio.io/templates": "gateway"}},
                    "spec": {"containers": [{"name": "istio-proxy", "image": "auto"}]}}  # fmt: skip
        about = {"name": name, "namespace": namespace,
                 "labels": {**labels, "app.kubernetes.io/managed-by": "Helm"}}  # fmt: skip
        kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        deployment = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": about,
            "spec": {"selector": {"matchLabels": labels}, "template": template},
        }
        ports = [{"name": "http2", "port": 80, "targetPort": target}]
        service = {"apiVersion": "v1", "kind": "Service", "metadata": about,
                   "spec": {"selector": labels, "ports": ports}}  # fmt: skip
        made.extend(kube.apply(obj).object for obj in (deployment, service))

    yield make
    for obj in made:
        kube.delete(kube.kind_of(obj), obj["metadata"]["name"], obj["metadata"]["namespace"])


@pytest.fixture
def without_istios(server: ApiServer) -> Iterator[KubeClient]:
    """The gateway of istio-system is not there, as with a minimal profile."""
    kube = server.client()
    kept = [
        kube.get(kind, "istio-ingressgateway", "istio-system") for kind in (kinds.DEPLOYMENT, kinds.SERVICE)
    ]
    for pod in kube.list(kinds.POD, "istio-system", labels="istio=ingressgateway"):
        kube.delete(kinds.POD, pod["metadata"]["name"], "istio-system", grace_seconds=0)
    for obj in kept:
        kube.delete(kube.kind_of(obj), "istio-ingressgateway", "istio-system")
    yield kube
    for obj in copy.deepcopy(kept):
        for field in ("resourceVersion", "uid", "creationTimestamp", "generation", "managedFields"):
            obj["metadata"].pop(field, None)
        for field in ("clusterIP", "clusterIPs"):
            obj["spec"].pop(field, None)
        kube.apply({key: value for key, value in obj.items() if key != "status"})


def chosen(kube: KubeClient, **options: Any) -> tuple[dict[str, Any], str]:
    """What is chosen for student-07, and what was said."""
    heard: list[dict[str, Any]] = []
    record = Record("x", "context", "admin", "student-07", options=options)
    step = GatewayIsChosen(kube, record, heard.append, lambda _: False)
    assert step.is_done()
    return record.options["gateway"], " ".join(said["note"] for said in heard)


def test_istios_own_gateway_is_shared_and_the_learner_is_told(server: ApiServer) -> None:
    found, said = chosen(server.client())
    assert (found["namespace"], found["service"], found["own"]) == (
        "istio-system",
        "istio-ingressgateway",
        False,
    )
    assert "istio=ingressgateway" in found["labels"]
    assert "share one gateway" in said


def test_where_istiod_keeps_gateways_apart_each_learner_gets_one(server: ApiServer) -> None:
    found, _ = chosen(server.client(), scoped=True)
    assert found == {"namespace": "student-07", "service": "istio-ingressgateway", "own": True,
                     "labels": "istio=ingressgateway,app=istio-ingressgateway"}  # fmt: skip


def test_a_gateway_elsewhere_is_found_by_its_labels(make: Make, without_istios: KubeClient) -> None:
    make("istio-ingress", "istio-ingressgateway", "ingressgateway")
    found, _ = chosen(without_istios)
    assert (found["namespace"], found["own"]) == ("istio-ingress", False)


def test_a_gateway_with_other_labels_is_told_and_one_of_the_learners_own_takes_its_place(
    make: Make, without_istios: KubeClient
) -> None:
    make("istio-ingress", "istio-ingress", "ingress")
    found, said = chosen(without_istios)
    assert found["own"]
    assert "istio-ingress/istio-ingress (istio=ingress)" in said
    assert "istioctl install" not in said


def test_a_gateway_that_was_asked_for_must_serve_the_lessons(make: Make, server: ApiServer) -> None:
    make("istio-ingress", "istio-ingress", "ingress")
    with pytest.raises(LabError, match="none of their rules would reach it") as caught:
        chosen(server.client(), wanted_gateway="istio-ingress/istio-ingress")
    assert "helm install istio-ingressgateway istio/gateway -n istio-ingress" in caught.value.hint
    with pytest.raises(LabError, match="There is no Service istio-ingress/typo"):
        chosen(server.client(), wanted_gateway="istio-ingress/typo")


def test_without_an_address_the_right_to_a_port_forward_is_required(server: ApiServer) -> None:
    record = Record("x", "context", "learner", "student-07", options={"scoped": True})
    with pytest.raises(
        LabError, match=r"get, create of pods/portforward in student-07 \(the gateway: it has no"
    ):
        GatewayIsChosen(server.client("learner"), record, lambda _: None, lambda _: False).is_done()


def test_a_named_target_port_is_looked_up_or_told(
    make: Make, server: ApiServer, caretaker: Caretaker
) -> None:
    make("istio-ingress", "istio-ingressgateway", "ingressgateway", "http2")
    place = {"namespace": "istio-ingress", "service": "istio-ingressgateway", "own": False,
             "labels": "istio=ingressgateway"}  # fmt: skip
    record = Record("x", "context", "admin", "student-07", options={"gateway": place})
    step = GatewayIsReached(server.client(), record, lambda _: None, lambda _: False)
    with pytest.raises(NotReadyError, match="the port called 'http2', which none of its pods has"):
        step.run()
    assert not forwarder.is_running(record.directory)


def test_what_a_dry_run_shows_is_what_up_does(server: ApiServer, caretaker: Caretaker) -> None:
    """Every writing command of the plan is typed in a shell; then the steps find nothing left to do."""
    own = choosing.own_place("typed")
    record = Record("x", "context", "admin", "typed", options={"gateway": own})
    record.save()
    context.refresh(record)
    steps = context.the_steps(server.client(), record, lambda _: None)
    writing = [step for step in steps if hasattr(step, "writes")]
    kubectl = f"{shlex.quote(find('kubectl'))} --kubeconfig {shlex.quote(str(server.kubeconfig))}"
    for step in writing:
        assert not step.is_done(), step.name
        for command in step.commands():
            assert str(command).startswith("kubectl "), command
            script = str(command).replace("kubectl", kubectl, 1)
            done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{command}\n{done.stderr}"
    assert [step.name for step in writing if not step.is_done()] == []
    found = ownership.contents(server.client(), "typed")
    assert {o["metadata"]["labels"].get(ownership.LABEL) for o in found} == {ownership.OURS}
    assert context.plan_down(record) == ["kubectl --context admin delete namespace typed"]
    context.down(record, lambda _: None)


def test_what_down_says_is_what_it_removes(server: ApiServer, caretaker: Caretaker) -> None:
    kube = server.client()
    meta = {"name": "lent", "labels": {"istio-injection": "enabled"}}
    kube.request(
        "POST", kinds.NAMESPACE.path(), body={"apiVersion": "v1", "kind": "Namespace", "metadata": meta}
    )
    record = Record("x", "context", "admin", "lent")
    record.save()
    GatewayIsOwn(kube, record).run()
    rule = {"hosts": ["reviews"], "http": [{"route": [{"destination": {"host": "reviews"}}]}]}
    kube.apply({"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
                "metadata": {"name": "of-a-lesson"}, "spec": rule}, "lent")  # fmt: skip
    planned = context.plan_down(record)
    assert "kubectl --context admin -n lent delete virtualservices.networking.istio.io of-a-lesson" in planned
    heard: list[dict[str, Any]] = []
    context.down(record, heard.append)
    assert [said["command"] for said in heard if "command" in said] == planned
    assert ownership.contents(kube, "lent") == []
