"""The verbs of a lesson on a running lab: real Envoys, real Prometheus."""

from __future__ import annotations

import pytest

import meshtutor as mt
from meshtutor.errors import MeshtutorError
from meshtutor.kube.rollouts import has_sidecar
from meshtutor.mesh.changes import ApplyError

SUBSETS = "manifests/06_split_traffic/destination-rule.yaml"
SPLIT = "manifests/06_split_traffic/reviews-v1-70-v3-30.yaml"


@pytest.fixture(scope="module")
def connected(lab):
    with mt.connect() as mesh:
        yield mesh


@pytest.fixture
def mesh(connected):
    connected.reset()
    return connected


def test_connecting_says_where_and_why_in_one_line(lab, capsys):
    mt.connect().close()
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("provider: embedded (")
    assert "reviews" in line
    assert lab["gateway"] in line


def test_a_rule_shifts_traffic_and_without_it_the_effect_is_gone(mesh):
    before = mesh.send("reviews", n=300)
    assert before.ok == 300
    assert set(before.versions()) == {"v1", "v2", "v3"}
    applied = mesh.apply([SUBSETS, SPLIT])
    assert applied
    assert applied.acks
    after = mesh.send("reviews", n=300)
    assert after.test({"v1": 70, "v3": 30}, false_alarm=1e-6), repr(after)
    mesh.delete(SPLIT)
    assert not mesh.send("reviews", n=300).test({"v1": 70, "v3": 30})


def test_a_reset_may_keep_other_workloads_in_place_of_the_studys(mesh):
    regions = "manifests/10_prefer_near_pods/two-regions.yaml"
    assert "Deployment default/tourist" in mesh.reset(also=regions).applied
    assert {place.region for pod, place in mesh.places("app=client").items()} == {"europe"}
    assert len(mesh.places("app=reviews").pods("brazil")) == 2
    assert not mesh.reset(also=regions).anything
    assert "Deployment default/tourist" in mesh.reset().removed


def test_every_proxy_in_the_mesh_acknowledges_a_rule_for_the_mesh(mesh):
    applied = mesh.apply([SUBSETS, SPLIT])
    sidecars = {f"{pod['metadata']['name']}.default" for pod in mesh.pods() if has_sidecar(pod)}
    assert {ack.proxy for ack in applied.acks} >= sidecars
    assert all(ack.milliseconds >= 0 for ack in applied.acks)


def test_the_same_rule_again_changes_nothing(mesh):
    mesh.apply([SUBSETS, SPLIT])
    again = mesh.apply([SUBSETS, SPLIT])
    assert [change.action for change in again] == ["unchanged", "unchanged"]
    assert not again.changed


def test_a_refused_rule_names_field_file_and_line_and_harms_nothing(mesh):
    bad = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  name: bad\nspec:\n  hosts: 7\n"
    with pytest.raises(ApplyError) as caught:
        mesh.apply(bad)
    assert "spec.hosts" in caught.value.message
    assert mesh.send("reviews", n=10).ok == 10


def test_the_gateway_is_reached_from_outside_and_the_versions_behind_it_are_seen(mesh):
    report = mesh.send(mesh.gateway + "/productpage", n=60)
    assert (report.ok, report.sender) == (60, "outside")
    assert set(report.versions("reviews")) <= {"v1", "v2", "v3"}
    assert report.by_service["productpage"].count == 60


def test_without_the_gateways_rules_nothing_comes_in(mesh):
    mesh.reset(gateway=False)
    assert mesh.send(mesh.gateway + "/productpage", n=5, timeout=3).ok == 0
    mesh.reset()
    assert mesh.send(mesh.gateway + "/productpage", n=5).ok == 5


def test_prometheus_counts_what_was_sent(mesh):
    mesh.apply([SUBSETS, SPLIT])
    mesh.wait_for_metrics()
    query = 'sum(istio_requests_total{reporter="source",source_workload="client",destination_service_name="reviews"})'
    before = mesh.prometheus.query(query).value
    report = mesh.send("reviews", n=200)
    result = mesh.wait_for_metrics(query, at_least=before + 200)
    assert result.value == before + 200
    shares = mesh.share("reviews", window="60s", source="client")
    assert shares["v3"].count >= report.versions()["v3"].count


def test_a_gateway_counts_nothing_under_a_name_that_its_caller_chose(mesh):
    """A sidecar does, as in Istio: there the caller is the application itself."""
    by = "destination_service, destination_service_name"
    for target, where, wanted in [
        (f"{mesh.gateway}/nowhere", 'source_workload="istio-ingressgateway", response_flags="NR"', "unknown"),
        ("http://nobody.example/", 'source_workload="client", response_flags="DF"', "nobody.example"),
    ]:
        mesh.send(target, n=3)
        found = mesh.wait_for_metrics(f"sum by ({by}) (istio_requests_total{{{where}}})", at_least=3)
        assert {sample.labels["destination_service"] for sample in found} == {wanted}


def test_a_fault_that_was_switched_on_is_cleared_by_a_reset(mesh):
    (pod,) = mesh.pods("app=ratings")
    path = f"/api/v1/namespaces/default/pods/{pod['metadata']['name']}:9080/proxy/fault"
    mesh.api.request("PUT", path, body={"status": 503})
    assert mesh.send("ratings", n=5).ok == 0
    done = mesh.reset()
    assert done.faults == [pod["metadata"]["name"]]
    assert mesh.send("ratings", n=5).ok == 5


def test_a_reset_with_nothing_to_do_does_nothing(mesh):
    done = mesh.reset()
    assert not done.anything, repr(done)


def test_without_injection_pods_have_one_container_and_with_it_two_again(mesh):
    mesh.reset(injection=False)
    assert not any(has_sidecar(pod) for pod in mesh.pods())
    assert mesh.send("reviews", n=10).ok == 10
    mesh.reset()
    assert all(has_sidecar(pod) for pod in mesh.pods())
    assert mesh.send("reviews", n=10).ok == 10


def test_a_pod_outside_the_mesh_is_waited_for_can_send_and_goes_with_the_reset(mesh):
    mesh.apply("manifests/02_inject_sidecars/outsider.yaml")
    (outsider,) = mesh.pods(namespace="outside")
    assert not has_sidecar(outsider)
    assert mesh.send("http://reviews.default:9080/reviews/0", n=10, from_pod="outsider.outside").ok == 10
    assert mesh.reset().removed == ["Namespace outside"]
    assert "outside" not in mesh.get("ns").names


def test_logs_are_found_by_the_apps_name(mesh):
    mesh.send("reviews", n=3)
    assert mesh.logs("ratings")
    assert isinstance(mesh.logs("ratings", container="istio-proxy"), str)


def test_the_official_client_sees_the_same_mesh(mesh):
    names = {pod.metadata.name for pod in mesh.kube.core.list_namespaced_pod("default").items}
    assert names == set(mesh.pods().names)


def test_a_split_is_driven_without_a_browser(mesh):
    split = mt.widgets.TrafficSplit(mesh, "reviews")
    split.model.weights = {"v1": 70, "v3": 30}
    assert split.model.proxies >= 7
    assert mesh.send("reviews", n=300).test({"v1": 70, "v3": 30}, false_alarm=1e-6)
    split.model.weights = {"v2": 100}
    assert mesh.send("reviews", n=50).test({"v2": 100})
    split.restore()
    assert mesh.get("vs").names == ["bookinfo"]
    assert set(mesh.send("reviews", n=200).versions()) == {"v1", "v2", "v3"}
    split.close()


def test_a_split_takes_the_learners_rule_over_and_gives_it_back(mesh):
    mesh.apply([SUBSETS, SPLIT])
    split = mt.widgets.TrafficSplit(mesh, "reviews")
    assert split.model.weights == {"v1": 70, "v2": 0, "v3": 30}
    assert "'reviews'" in split.note
    split.model.weights = {"v1": 100}
    assert mesh.send("reviews", n=50).test({"v1": 100})
    split.restore()
    assert mesh.send("reviews", n=300).test({"v1": 70, "v3": 30}, false_alarm=1e-6)
    split.close()


def test_a_deployment_is_scaled_and_the_proxies_know(mesh):
    mesh.reset()
    mesh.scale("reviews-v2", 0)
    assert not mesh.pods("app=reviews,version=v2").names
    assert "v2" not in mesh.send("reviews", n=60).versions()
    mesh.scale("reviews-v1", 2)
    assert len(mesh.pods("app=reviews,version=v1").names) == 2
    assert len(mesh.send("reviews", n=90).by_pod) == 3, "two of v1, one of v3"
    mesh.reset()
    assert len(mesh.send("reviews", n=90).by_pod) == 3
    assert set(mesh.send("reviews", n=90).versions()) == {"v1", "v2", "v3"}


@pytest.mark.parametrize(
    ("name", "replicas", "said"), [("reviews-v9", 1, "reviews-v9"), ("reviews-v1", -1, "-1")]
)
def test_what_cannot_be_scaled_is_named(mesh, name, replicas, said):
    with pytest.raises(MeshtutorError) as error:
        mesh.scale(name, replicas)
    assert said in error.value.message


def test_two_restarts_within_a_second_are_two(mesh):
    mesh.reset()
    names = []
    for _ in range(2):
        mesh.restart("ratings-v1")
        names += mesh.pods("app=ratings").names
    assert len(set(names)) == 2
