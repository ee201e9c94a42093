"""What the analysis finds in files: one small world, one slip at a time."""

from __future__ import annotations

import pytest

from meshtutor.providers import analysis

WORLD = """\
apiVersion: v1
kind: Namespace
metadata: {name: default, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Service
metadata: {name: reviews}
spec: {selector: {app: reviews}, ports: [{name: http, port: 9080}]}
---
apiVersion: v1
kind: Service
metadata: {name: two-ports}
spec: {ports: [{name: http, port: 80}, {name: http-admin, port: 81}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: reviews}
spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}]}
"""


def rule(http: str, hosts: str = "[reviews]", name: str = "reviews", more: str = "") -> str:
    return (
        f"---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: {name}}}\n"
        f"spec:\n  hosts: {hosts}\n{more}  http:\n  - {http}\n"
    )


ROUTE = "route: [{destination: {host: reviews, subset: v1}}]"
SLIPS = [
    ("nothing wrong", rule(ROUTE), set()),
    ("no such host", rule("route: [{destination: {host: revews}}]"), {("error", "IST0101")}),
    ("no such subset", rule("route: [{destination: {host: reviews, subset: v2}}]"), {("error", "IST0101")}),
    ("no such gateway", rule(ROUTE, more="  gateways: [nowhere]\n"), {("error", "IST0101")}),
    ("a field that does not exist", rule(f"{{timeot: 3s, {ROUTE}}}"), {("error", "IST0106")}),
    ("a wrong type", rule("route: reviews"), {("error", "IST0106")}),
    ("a refused value", rule(f"{{timeout: soon, {ROUTE}}}"), {("error", "IST0106")}),
    ("two rules for one host", rule(ROUTE) + rule(ROUTE, name="other"), {("error", "IST0109")}),
    (
        "two Sidecars for one namespace",
        "".join(
            f"---\napiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {{name: {name}}}\n"
            "spec: {egress: [{hosts: [./*]}]}\n"
            for name in ("one", "two")
        ),
        {("error", "IST0111")},
    ),
    (
        "several ports, none named",
        rule("route: [{destination: {host: two-ports}}]", "[two-ports]"),
        {("error", "IST0112")},
    ),
    ("an unreachable rule", rule(f"{ROUTE}\n  - {ROUTE}"), {("warning", "IST0130")}),
]


@pytest.mark.parametrize(("text", "expected"), [slip[1:] for slip in SLIPS], ids=[slip[0] for slip in SLIPS])
def test_a_slip_is_found_and_nothing_else(text, expected):
    found = analysis.of_sources([WORLD + text])
    assert {(one.severity, one.code) for one in found} == expected, "\n".join(map(str, found))


def test_a_finding_names_file_line_and_next_step(tmp_path):
    file = tmp_path / "rules.yaml"
    file.write_text(WORLD + rule("route: [{destination: {host: revews}}]"))
    (finding,) = analysis.of_sources([str(file)])
    line = next(n for n, text in enumerate(file.read_text().splitlines(), 1) if "revews" in text)
    assert finding.where == f"{file}:{line}"
    assert finding.hint
    assert finding.path == "spec.http[0].route[0].destination.host"


def test_an_unknown_field_does_not_hide_what_else_is_wrong():
    found = analysis.of_sources([WORLD + rule("{timeot: 3s, route: [{destination: {host: revews}}]}")])
    assert {one.code for one in found} == {"IST0106", "IST0101"}


def test_the_same_object_twice_is_a_warning():
    found = analysis.of_sources([WORLD + rule(ROUTE), rule(ROUTE)])
    assert [one.severity for one in found] == ["warning"]
    assert "stands in" in found[0].message


def test_what_a_mesh_has_takes_part_but_is_not_judged():
    broken = {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService",
              "metadata": {"name": "old", "namespace": "default"},
              "spec": {"hosts": ["x"], "http": [{"route": [{"destination": {"host": "gone"}}]}]}}  # fmt: skip
    assert analysis.of_sources([WORLD], [broken]) == []
    (finding,) = analysis.of_mesh([broken], lambda obj, path: "")
    assert finding.code == "IST0101"


def test_a_pod_of_an_injected_namespace_without_proxy_is_reported():
    space = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "shop", "labels": {"istio-injection": "enabled"}},
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a", "namespace": "shop"},
        "spec": {"containers": [{"name": "a"}]},
    }
    declined = {
        **pod,
        "metadata": {**pod["metadata"], "name": "b", "labels": {"sidecar.istio.io/inject": "false"}},
    }
    found = analysis.of_mesh([space, pod, declined], lambda obj, path: "")
    assert [(one.code, one.object) for one in found] == [("IST0103", "Pod shop/a")]


@pytest.mark.parametrize("folder", ["bookinfo", "gateway", "06_split_traffic"])
def test_the_studys_own_manifests_have_the_right_shape(folder):
    found = analysis.of_sources([f"manifests/{folder}"])
    assert not [one for one in found if one.code not in ("IST0101",) and "stands in" not in one.message], (
        found
    )
