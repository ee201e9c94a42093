"""Objects that choose the same pods, or nobody: warnings, with istioctl analyze's codes."""

# ruff: noqa: E501 - tables

from __future__ import annotations

import pytest
import yaml

from meshtutor.embedded.istio.validation import references
from tests.embedded.istio.validation.world import warnings, world

TELEMETRIES = """
---
{apiVersion: v1, kind: Pod, metadata: {name: one, labels: {app: reviews, version: v1}}}
---
{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {name: theirs}, spec: {}}
---
{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {name: for-v1},
 spec: {selector: {matchLabels: {version: v1}}}}
---
{apiVersion: telemetry.istio.io/v1, kind: Telemetry, metadata: {name: elsewhere, namespace: other}, spec: {}}
"""


@pytest.mark.parametrize(("spec", "expected"), [
    ("{}", [("spec", "IST0160")]),
    ("{selector: {matchLabels: {app: reviews}}}", [("spec.selector", "IST0159")]),
    ("{selector: {matchLabels: {app: nobody}}}", [("spec.selector", "IST0101")]),
    ("{selector: {matchLabels: {version: v1, app: other}}, accessLogging: [{disabled: true}, {}]}",
     [("spec.accessLogging[1]", "IST0157"), ("spec.selector", "IST0101")]),
])  # fmt: skip
def test_telemetries_of_which_one_alone_counts_or_that_choose_nobody(
    spec: str, expected: list[tuple[str, str]]
):
    obj = {
        "kind": "Telemetry",
        "metadata": {"name": "mine", "namespace": "default"},
        "spec": yaml.safe_load(spec),
    }
    assert [(p.path, p.code) for p in references.check(obj, world(TELEMETRIES))] == expected


def test_a_telemetry_alone_is_not_warned_about():
    obj = {"kind": "Telemetry", "metadata": {"name": "mine", "namespace": "default"},
           "spec": {"accessLogging": [{"providers": [{"name": "envoy"}]}]}}  # fmt: skip
    assert list(references.check(obj, world())) == []


SIDECARS = """
---
{apiVersion: v1, kind: Pod, metadata: {name: r, labels: {app: reviews, version: v1}}}
---
{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: all}, spec: {egress: [{hosts: [./*]}]}}
---
{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: for-v1},
 spec: {workloadSelector: {labels: {version: v1}}, egress: [{hosts: [./*]}]}}
---
{apiVersion: networking.istio.io/v1, kind: Sidecar, metadata: {name: elsewhere, namespace: other}, spec: {egress: [{hosts: [./*]}]}}
"""


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("", [("spec", "IST0111")]),
        ("workloadSelector: {labels: {app: reviews}},", [("spec.workloadSelector", "IST0110")]),
        ("workloadSelector: {labels: {app: nobody}},", [("spec.workloadSelector", "IST0101")]),
    ],
)
def test_of_two_sidecars_for_the_same_pods_one_holds(selector, expected):
    assert warnings("Sidecar", f"{{{selector} egress: [{{hosts: [./*]}}]}}", SIDECARS) == expected


def test_sidecars_for_different_pods_do_not_meet():
    one, two = SIDECARS.split("---")[2:4]
    assert warnings("Sidecar", "{egress: [{hosts: [./*]}]}", "---" + two) == []
    pod = SIDECARS.split("---")[1]
    narrow = "{workloadSelector: {labels: {app: reviews}}, egress: [{hosts: [./*]}]}"
    assert warnings("Sidecar", narrow, "---" + pod + "---" + one) == []
