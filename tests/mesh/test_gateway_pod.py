"""`explain` at the gateway reads the gateway in use, whoever else has one; and looks as far as it may."""

from __future__ import annotations

from pathlib import Path

import pytest

from meshtutor.errors import MeshtutorError
from meshtutor.kube import kinds, reach
from meshtutor.kube.client import KubeClient
from meshtutor.mesh import applying, explaining
from meshtutor.providers.base import GatewayPlace
from meshtutor.providers.context import ownership
from tests.support.kubernetes import FakeKubernetes, pod


@pytest.fixture
def cluster(tmp_path: Path) -> tuple[FakeKubernetes, KubeClient]:
    fake = FakeKubernetes()
    return fake, KubeClient.from_kubeconfig(fake.kubeconfig(tmp_path))


def gateway(namespace: str, name: str, **labels: str) -> dict:
    made = pod(name, "istio-ingressgateway")
    made["metadata"] |= {"namespace": namespace, "labels": {"istio": "ingressgateway", **labels}}
    return made


def test_only_the_gateway_in_use_is_read(cluster: tuple[FakeKubernetes, KubeClient]) -> None:
    fake, kube = cluster
    fake.put(gateway("a-team", "theirs"))
    fake.put(gateway("student-07", "mine", app="istio-ingressgateway"))
    place = GatewayPlace("student-07", "istio=ingressgateway,app=istio-ingressgateway")
    assert explaining.gateway_pod(kube, place)["metadata"]["name"] == "mine"
    with pytest.raises(MeshtutorError, match="No pod in istio-system") as caught:
        explaining.gateway_pod(kube, GatewayPlace())
    assert "kubectl -n istio-system get pods -l istio=ingressgateway" in caught.value.hint


def test_a_gateway_is_told_by_its_place(cluster: tuple[FakeKubernetes, KubeClient]) -> None:
    place = GatewayPlace("student-07", "istio=ingressgateway")
    assert explaining._is_gateway(gateway("student-07", "mine"), place)
    assert not explaining._is_gateway(gateway("a-team", "theirs"), place)


def test_what_is_hidden_is_looked_for_where_one_may() -> None:
    class Guarded:
        def list(self, kind: kinds.Kind, namespace: str = "", labels: str = "") -> list[str]:
            if namespace != "mine":
                from meshtutor.errors import ApiStatusError

                raise ApiStatusError({"code": 403, "reason": "Forbidden", "message": "no"})
            return ["a"]

    assert reach.list_everywhere(Guarded(), kinds.POD, ("theirs", "mine", "mine")) == (["a"], False)
    assert reach.list_in(Guarded(), kinds.SECRET, "theirs") == []
    with pytest.raises(MeshtutorError):
        reach.list_in(Guarded(), kinds.VIRTUAL_SERVICE, "theirs")


def test_the_provider_knows_the_namespaces_of_lessons_by_the_label_that_lessons_set() -> None:
    assert ownership.LESSON_OF == applying.LESSON_OF
    assert applying.MANAGED_BY == ownership.LABEL
