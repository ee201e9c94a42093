"""What a learner gets for a slip: a sentence with the next step, and a lab that is unharmed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import meshtutor as mt

SERVICE = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews}
spec:
  hosts: [reviews]
  http:
"""
POD = """
apiVersion: v1
kind: Pod
metadata: {name: trouble}
spec:
  containers:
  - name: app
"""


@pytest.fixture
def mesh(lab) -> Iterator[mt.Mesh]:
    """The mesh in its initial state; after the test it must still work."""
    del lab
    with mt.connect() as mesh:
        mesh.reset()
        yield mesh
        assert mesh.reset()
        assert mesh.send("reviews", n=5).ok == 5


CRASHING = (
    "    image: python:3.13-alpine\n    command: [python, -c, 'raise SystemExit(7)']\n"
    "    readinessProbe: {tcpSocket: {port: 9080}}\n"
)
ROUTE = "  - route:\n    - destination: {host: reviews"
TWICE = "  - match:\n    - uri: {prefix: /a, exact: /b}\n    route:\n    - destination: {host: reviews}\n"


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        (ROUTE, ["document 1", "line 10", "Expected valid YAML"]),
        (ROUTE + "}\n      weight: many\n", ["spec.http[0].route[0].weight", "integer"]),
        (ROUTE + "}\n      weight: -5\n", ["weight -5", "spec.http[0].route[0].weight"]),
        (TWICE, ["spec.http[0].match[0].uri"]),
        ("  - {}\n", ["spec.http[0]"]),
    ],
)
def test_a_rule_that_cannot_be_is_refused_by_its_place(mesh, slip, said):
    with pytest.raises(mt.MeshtutorError) as refusal:
        mesh.apply(SERVICE + slip)
    for part in said:
        assert part in str(refusal.value)
    assert "→" in str(refusal.value)


def test_a_file_with_a_slip_is_named_with_line_and_document(mesh, tmp_path):
    file = tmp_path / "two.yaml"
    file.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: fine}\n---\nkind: [\n")
    with pytest.raises(mt.MeshtutorError, match=r"two\.yaml, document 2, line [567]"):
        mesh.apply(str(file))
    with pytest.raises(mt.MeshtutorError):
        mesh.get("configmap", "fine")


def test_an_unknown_kind_is_named(mesh):
    with pytest.raises(mt.MeshtutorError, match="VirtualServise"):
        mesh.apply(SERVICE.replace("VirtualService", "VirtualServise") + "  - route: []\n")


def test_an_unknown_field_is_a_warning_and_an_event(mesh):
    applied = mesh.apply(SERVICE + "  - timeuot: 3s\n    route:\n    - destination: {host: reviews}\n")
    assert 'unknown field "spec.http[0].timeuot"' in str(applied.warnings)
    events = mesh.get("event")
    assert any("timeuot" in event["message"] and event["reason"] == "UnknownField" for event in events)


def test_weights_that_do_not_sum_to_100_are_taken_as_proportions_and_said_so(mesh):
    mesh.apply("manifests/06_split_traffic/destination-rule.yaml")
    weights = "    - {destination: {host: reviews, subset: v1}, weight: 30}\n"
    applied = mesh.apply(SERVICE + "  - route:\n" + weights + weights.replace("v1", "v3").replace("30", "10"))
    assert "sum to 40" in str(applied.warnings)
    assert "75.0%, 25.0%" in str(applied.warnings)
    assert mesh.send("reviews", n=300).test({"v1": 75, "v3": 25}, false_alarm=1e-6)


@pytest.mark.parametrize(
    ("host", "subset", "code"), [("reviews", "v9", "reviews+v9"), ("reviewz", "v1", "reviewz")]
)
def test_a_missing_host_or_subset_is_a_warning_and_then_503(mesh, host, subset, code):
    applied = mesh.apply(SERVICE + f"  - route:\n    - destination: {{host: {host}, subset: {subset}}}\n")
    assert "IST0101" in str(applied.warnings)
    assert code in str(applied.warnings)
    assert set(mesh.send("reviews", n=10).by_status) == {"503"}


@pytest.mark.parametrize(
    ("container", "said"),
    [
        (CRASHING, "CrashLoopBackOff"),
        ("    image: nginx:1.27\n", "nginx:1.27"),
    ],
)
def test_a_pod_that_crashes_or_cannot_run_says_why(mesh, container, said):
    deployment = f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: trouble}}
spec:
  selector: {{matchLabels: {{app: trouble}}}}
  template:
    metadata: {{labels: {{app: trouble}}}}
    spec:
      containers:
      - name: app
    {container.replace(chr(10) + "    ", chr(10) + "        ")}"""
    with pytest.raises(mt.MeshtutorError, match=said):
        mesh.apply(deployment)
