"""The sidecars' own metrics pages: what is read from one, and what two readings have in common."""

from __future__ import annotations

import pytest

from meshtutor.errors import ApiStatusError
from meshtutor.telemetry.pages import Page, Reading, parsed, read_pages

REVIEWS = {"destination_service_name": "reviews"}
COUNTER = '%sistio_requests_total{reporter="%s",destination_service_name="%s",destination_version="v1"} %d\n'
IN_FLIGHT = 'envoy_cluster_upstream_rq_active{cluster_name="%s"} %d\n'
HEAD = "# TYPE %sistio_requests_total counter\n"


def reading(**pods: int) -> Reading:
    labels = frozenset({("reporter", "destination")})
    return Reading({name: Page({labels: float(count)}, None) for name, count in pods.items()})


def grown(before: Reading, after: Reading) -> list[float]:
    return [one.value for one in after.since(before)]


@pytest.mark.parametrize("prefix", ["", "envoy_"], ids=["Istio's agent", "a stock Envoy"])
def test_only_the_requests_that_were_asked_for_are_read(prefix):
    text = (
        HEAD % prefix
        + COUNTER % (prefix, "source", "reviews", 7)
        + COUNTER % (prefix, "source", "ratings", 3)
    )
    [(labels, count)] = parsed(
        text + 'istio_request_bytes_sum{destination_service_name="reviews"} 12\n', REVIEWS
    ).requests.items()
    assert dict(labels) == {"reporter": "source", "destination_version": "v1", **REVIEWS}
    assert count == 7


def test_in_flight_is_what_the_application_has_and_not_what_it_asked_for():
    text = (
        IN_FLIGHT % ("inbound|9080||", 2)
        + IN_FLIGHT % ("inbound|9081||", 1)
        + IN_FLIGHT % ("outbound|9080||ratings", 5)
    )
    assert parsed(text, {}).in_flight == 3
    assert parsed(IN_FLIGHT % ("xds-grpc", 1), {}).in_flight is None
    assert parsed("", {}) == Page({}, None)


def test_of_several_pods_those_that_say_what_is_in_flight_are_added_up():
    found = Reading({"a": Page({}, 2), "b": Page({}, None), "c": Page({}, 1)})
    assert found.in_flight(["a", "b"]) == 2
    assert found.in_flight(["b", "gone"]) is None


def test_since_counts_each_sidecar_by_itself():
    assert grown(reading(a=3, b=5), reading(a=3, b=9)) == [4]
    assert grown(reading(a=3), reading(a=3, new=2)) == [2], "a sidecar that is new began at zero"
    assert grown(reading(a=30), reading(a=4)) == [4], "one that began anew, too"
    assert grown(reading(a=3, gone=5), reading(a=3)) == []


class Kube:
    """An API server whose proxy answers for each pod with a page, or refuses with a status code."""

    def __init__(self, **answers: str | int) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def request(self, method, path, params):
        self.asked.append(path)
        answer = next(answer for name, answer in self.answers.items() if f"/pods/{name}:" in path)
        if isinstance(answer, int):
            raise ApiStatusError({"code": answer, "message": "no"})
        return type("Response", (), {"text": answer})

    def pods(self):
        marks = {
            "prometheus.io/scrape": "true",
            "prometheus.io/port": "15020",
            "prometheus.io/path": "/stats/prometheus",
        }
        return [{"metadata": {"name": name, "namespace": "x", "annotations": marks}} for name in self.answers]


def test_each_pod_is_asked_where_its_annotations_say_and_one_that_does_not_answer_is_left_out():
    kube = Kube(a=COUNTER % ("", "source", "reviews", 1), ending=502, gone=404)
    bare = {"metadata": {"name": "plain", "namespace": "x"}}
    assert list(read_pages(kube, [*kube.pods(), bare], REVIEWS).pages) == ["a"]
    assert "/api/v1/namespaces/x/pods/a:15020/proxy/stats/prometheus" in kube.asked
    assert len(kube.asked) == 3


def test_whoever_may_not_read_the_pages_is_told():
    kube = Kube(a=403)
    with pytest.raises(ApiStatusError) as error:
        read_pages(kube, kube.pods(), REVIEWS)
    assert "get pods/proxy in x" in error.value.hint
