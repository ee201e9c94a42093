"""The model and the watch of a mirror, and its chart, without a browser and without a lab."""

from __future__ import annotations

import pytest

from meshtutor.charts import mirroring
from meshtutor.errors import MeshtutorError, QueryError
from meshtutor.telemetry.istio import RequestSamples
from meshtutor.telemetry.results import Matrix, Series
from meshtutor.telemetry.served import Served, served
from meshtutor.widgets.mirror_model import MirrorModel
from meshtutor.widgets.mirror_watch import MirrorWatch
from meshtutor.widgets.split_rules import rules_for
from tests.widgets.fake_mesh import Mesh


@pytest.fixture
def mesh() -> Mesh:
    return Mesh()


@pytest.fixture
def model(mesh) -> MirrorModel:
    return MirrorModel(rules_for("reviews", "default", ["v1", "v2", "v3"], [], []), "v1", "v3", mesh.apply)


def route_of(mesh: Mesh) -> dict:
    return mesh.applied[-1][0]["spec"]["http"][0]


def test_a_share_becomes_a_rule_with_the_subsets_it_needs(mesh, model):
    model.percent = 25
    assert route_of(mesh) == {
        "route": [{"destination": {"host": "reviews", "subset": "v1"}}],
        "mirror": {"host": "reviews", "subset": "v3"},
        "mirrorPercentage": {"value": 25},
    }
    assert [obj["kind"] for obj in mesh.applied[-1]] == ["VirtualService", "DestinationRule"]
    assert model.percent == 25
    assert "ACK" in model.message


def test_nothing_is_no_mirror_at_all(mesh, model):
    model.percent = 0
    assert set(route_of(mesh)) == {"route"}


@pytest.mark.parametrize("percent", [-1, 101, "half", None, True])
def test_a_share_that_is_none_is_refused_and_changes_nothing(mesh, model, percent):
    model.percent = 10
    with pytest.raises(MeshtutorError, match="from 0 to 100"):
        model.percent = percent
    assert len(mesh.applied) == 1
    assert model.percent == 10


def test_a_rule_that_the_mesh_refuses_leaves_the_share_in_force(mesh, model):
    model.percent = 10
    mesh.refusal = MeshtutorError("no")
    with pytest.raises(MeshtutorError):
        model.percent = 20
    assert (model.percent, model.draft) == (10, {"percent": 10})


def series(version: str, code: str, *points: tuple[float, float]) -> Series:
    labels = {"destination_version": version, "response_code": code, "instance": version, "pod": version}
    return Series(labels, points)


def samples(*found: Series) -> RequestSamples:
    up = tuple(Series({"instance": v, "pod": v}, ((0.0, 1.0),)) for v in ("v1", "v3"))
    return RequestSamples(Matrix("requests", found), Matrix("up", up))


COUNTED = samples(
    series("v1", "200", (9.0, 100.0), (12.0, 140.0)),
    series("v3", "200", (9.0, 10.0), (12.0, 20.0)),
    series("v3", "500", (9.0, 0.0), (12.0, 5.0)),
)


def test_requests_and_errors_are_counted_by_version():
    assert served(COUNTED, 10.0, 13.0) == {"v1": Served(40, 0), "v3": Served(15, 5)}


def test_the_watch_counts_under_the_rule_only_and_tells_of_news_once():
    told = []
    watch = MirrorWatch(lambda seconds: COUNTED, lambda: told.append(1), clock=lambda: 13.0)
    watch.aim(8.0)
    assert watch.poll()
    assert watch.counts == {"v1": Served(40, 0), "v3": Served(15, 5)}
    assert not watch.poll()
    watch.aim(12.5)
    assert watch.counts == {}


def test_an_error_of_prometheus_is_told_and_forgotten():
    answers = [QueryError("gone"), COUNTED]

    def read(seconds: float) -> RequestSamples:
        answer = answers.pop(0)
        if isinstance(answer, QueryError):
            raise answer
        return answer

    watch = MirrorWatch(read, lambda: None, clock=lambda: 13.0)
    assert watch.poll()
    assert watch.error == "gone"
    assert watch.poll()
    assert watch.error == ""


def test_the_chart_shows_both_versions_their_errors_and_what_was_asked_for():
    counts = served(COUNTED, 10.0, 13.0)
    chart = mirroring.mirrored(counts, "v1", "v3", 50)
    answered, failed, asked = chart.data
    assert (tuple(answered.x), tuple(failed.x), tuple(asked.x)) == ((40, 10), (0, 5), (20.0,))
    assert repr(chart) == "v1: 40 requests, 0 failed; v3: 15 copies (38%, asked for 50%), 5 failed"
    assert mirroring.words({}, "v1", "v3", 50) == "nothing counted yet"
