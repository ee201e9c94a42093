"""The two verbs that say why: through the command's own entry, with its exit status."""

from __future__ import annotations

import json

import pytest

from meshtutor.cli.main import main

SOUND = "manifests/06_split_traffic"
BROKEN = """\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: reviews
spec:
  hosts: [reviews]
  http:
  - route:
    - destination: {host: revews, subset: v9}
    timeot: 3s
  - route:
    - destination: {host: reviews}
"""


@pytest.fixture
def broken(tmp_path):
    file = tmp_path / "broken.yaml"
    file.write_text(BROKEN)
    return str(file)


def test_explain_tells_the_way(lab, capsys):
    assert (
        main(["explain", "http://reviews:9080/reviews/1", "--from", "productpage", "-H", "end-user: jason"])
        == 0
    )
    said = capsys.readouterr().out
    assert said.startswith("GET http://reviews:9080/reviews/1 from productpage-v1-")
    assert "with end-user: jason" in said
    assert "100 % to outbound|9080||reviews.default.svc.cluster.local" in said


def test_explain_as_json_with_the_file_that_decided(lab, capsys):
    url = f"{lab['gateway']}/productpage"
    assert main(["explain", url, "-f", "manifests/gateway/bookinfo-gateway.yaml", "-o", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (route,) = [step for step in told["steps"] if step["name"] == "route"]
    assert route["by"]["object"] == "VirtualService default/bookinfo"
    assert route["by"]["where"] == "manifests/gateway/bookinfo-gateway.yaml:28"


def test_a_request_that_ends_in_the_proxy_ends_the_command_with_1(lab, capsys):
    assert main(["explain", f"{lab['gateway']}/nowhere"]) == 1
    assert "Envoy answers 404 (NR)" in capsys.readouterr().out


def test_a_header_without_a_colon_is_refused_in_a_sentence(lab, capsys):
    assert main(["explain", "reviews", "-H", "jason"]) == 1
    assert "Expected NAME:VALUE" in capsys.readouterr().err


def test_analyze_needs_no_lab_for_files(broken, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("MESHTUTOR_HOME", str(tmp_path / "no-lab-here"))
    assert main(["analyze", broken]) == 1
    said = capsys.readouterr().out
    assert (
        f"error [IST0106] (VirtualService default/reviews) {broken}:10: spec.http[0].timeot: unknown field"
        in said
    )
    assert f"{broken}:9: spec.http[0].route[0].destination.host: referenced host not found: 'revews'" in said
    assert "warning [IST0130]" in said
    assert said.splitlines()[-1] == "3 errors, 1 warning"


def test_analyze_of_the_lab_as_it_comes_finds_nothing(lab, capsys):
    assert main(["analyze"]) == 0
    assert capsys.readouterr().out.strip() == "No error and no warning."


def test_analyze_judges_files_as_if_they_were_applied(lab, broken, capsys):
    files = [f"{SOUND}/destination-rule.yaml", f"{SOUND}/reviews-v1-70-v3-30.yaml"]
    assert main(["analyze", "--live", *files]) == 0
    capsys.readouterr()
    assert main(["analyze", "--live", broken, "-o", "json"]) == 1
    found = json.loads(capsys.readouterr().out)["findings"]
    assert {one["code"] for one in found} == {"IST0106", "IST0101", "IST0130"}
    assert not any("'reviews'" in one["message"] for one in found), "the Service is there"


def test_yaml_that_cannot_be_read_is_a_finding_with_its_line(tmp_path, capsys):
    file = tmp_path / "torn.yaml"
    file.write_text("apiVersion: v1\nkind: [Service\n")
    assert main(["analyze", str(file), f"{SOUND}/destination-rule.yaml"]) == 1
    said = capsys.readouterr().out
    assert "torn.yaml" in said
    assert "IST0101" in said, "the other file was still judged"
