"""The cost of the mesh, measured on a real one."""

from __future__ import annotations

import pytest

import meshtutor as mt
from meshtutor.charts import costs
from meshtutor.errors import MeshtutorError
from meshtutor.traffic.racing import Timed
from meshtutor.widgets.cost_model import WAYS, Cost, CostModel
from meshtutor.widgets.cost_view import CostView

BROKEN = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: details}
spec:
  hosts: [details]
  http:
  - fault: {abort: {percentage: {value: 100}, httpStatus: 503}}
    route:
    - destination: {host: details}
"""
POLICY = 'sum by (connection_security_policy) (istio_requests_total{{reporter="destination",app="{app}"}})'


@pytest.fixture
def mesh(lab):
    with mt.connect() as mesh:
        mesh.reset()
        yield mesh
        mesh.reset()


def test_each_proxy_on_the_way_costs_something_and_mtls_is_what_it_says(mesh):
    """Proxies do work, so the medians are in this order on any machine; how far apart they are is not judged."""
    widget = mt.widgets.CostOfMesh(mesh, rounds=8)
    mesh.wait_for_metrics()
    before = mesh.prometheus.query(POLICY.format(app="details")).by("connection_security_policy")
    cost = widget.model.measure()
    direct, one, two = cost.timed
    assert (direct.n, one.n, two.n) == (160, 160, 160)
    assert direct.quantile(50).value < one.quantile(50).value < two.quantile(50).value
    assert two.added_to(direct, 50).low > 0
    mesh.wait_for_metrics()
    after = mesh.prometheus.query(POLICY.format(app="details")).by("connection_security_policy")
    sent = {policy: after[policy] - before.get(policy, 0) for policy in after}
    assert sent == {"none": 180, "mutual_tls": 180}, (
        "one round more than is timed, on the way that its name says"
    )


def test_the_memory_is_that_of_the_two_proxies_on_the_way(mesh):
    widget = mt.widgets.CostOfMesh(mesh, rounds=1)
    widget.model.measure()
    cost = widget.model.measure()  # at once again
    assert {pod.split("-")[0] for pod in cost.memory} == {"client", "details"}
    assert all(1e6 < size < 1e9 for size in cost.memory.values())
    assert "MB" in repr(cost)


def test_nothing_is_left_behind_and_what_fails_is_said(mesh):
    widget = mt.widgets.CostOfMesh(mesh, rounds=1)
    mesh.apply(BROKEN)
    with pytest.raises(MeshtutorError) as error:
        widget.model.measure()
    assert "'two proxies, mTLS' failed" in error.value.message
    assert widget.model.message == str(error.value)
    assert not widget.model.busy
    assert not [name for name in mesh.get("deployment").names if name.startswith("bare-")]


def test_the_chart_has_a_bar_per_way_with_its_interval():
    ways = tuple(
        Timed(name, ((base, base + 1), (base, base + 2))) for name, base in (("direct", 1.0), ("two", 3.0))
    )
    chart = costs.cost(ways)
    assert [trace.name for trace in chart.data] == ["direct", "two"]
    assert chart.data[1].y[0] == 3.0
    assert chart.layout.yaxis.title.text == "latency (ms)"
    assert "+2.00 ms" in repr(chart)
    assert len({trace.marker.pattern.shape for trace in chart.data}) == 2, "told apart without colours, too"


def test_before_the_first_measurement_the_chart_has_its_axes_and_no_bars():
    """Also no NaN, which JSON does not know."""
    view = CostView(CostModel(lambda *_: Cost((), {}), 5))
    assert [list(trace.y) for trace in view._figure.data] == [[], [], []]
    assert [trace.name for trace in view._figure.data] == list(WAYS)
    view.close()


def test_a_measurement_counts_its_rounds():
    seen: list[int] = []
    ways = (Timed("direct", ((1.0,),)),)

    def measure(rounds, each, on_round):
        on_round(rounds)
        return Cost(ways, {})

    model = CostModel(measure, 5)
    model.observe(lambda change: seen.append(change["new"]), "done")
    assert model.measure().timed == ways
    assert seen == [5]
