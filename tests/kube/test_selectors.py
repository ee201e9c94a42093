"""Label and field selectors as kubectl reads them."""

from __future__ import annotations

import pytest

from meshtutor.errors import SelectorError
from meshtutor.kube.selectors import FieldSelector, LabelSelector

POD = {"metadata": {"name": "a", "labels": {"app.kubernetes.io/name": "x"}}, "status": {"phase": "Running"},
       "spec": {"unschedulable": True}}  # fmt: skip


@pytest.mark.parametrize(
    ("selector", "labels", "selected"),
    [
        ("", {}, True),
        ("app=reviews", {"app": "reviews"}, True),
        ("app==reviews", {"app": "ratings"}, False),
        ("app=", {"app": ""}, True),
        ("app!=reviews", {}, True),
        ("app != reviews", {"app": "reviews"}, False),
        ("app in (a, b)", {"app": "b"}, True),
        ("app in (a,b)", {}, False),
        ("app notin (a,b)", {}, True),
        ("app notin (a)", {"app": "a"}, False),
        ("app", {"app": "x"}, True),
        ("!app", {"app": "x"}, False),
        ("!app,version in (v1,v2),tier=web", {"version": "v2", "tier": "web"}, True),
        ("app.kubernetes.io/name=x", {"app.kubernetes.io/name": "x"}, True),
    ],
)
def test_a_label_selector_selects_as_kubernetes_does(selector, labels, selected):
    assert LabelSelector.parse(selector).matches(labels) is selected
    assert LabelSelector.parse(str(LabelSelector.parse(selector))).matches(labels) is selected


@pytest.mark.parametrize("broken", ["app in a", "=x", "app=a b", "app in (a", "a,,b", "app~x"])
def test_a_label_selector_that_cannot_be_read_is_refused(broken):
    with pytest.raises(SelectorError, match="cannot read") as refusal:
        LabelSelector.parse(broken)
    assert "key=value" in refusal.value.hint


def test_the_selector_of_a_deployment_and_of_a_service():
    deployment = {
        "matchLabels": {"app": "a"},
        "matchExpressions": [{"key": "v", "operator": "In", "values": ["1", "2"]}],
    }
    assert LabelSelector.of(deployment).matches({"app": "a", "v": "2"})
    assert not LabelSelector.of(deployment).matches({"app": "a"})
    assert LabelSelector.of({"app": "a"}).matches({"app": "a", "more": "x"})
    with pytest.raises(SelectorError, match="'Near' is not a valid label selector operator"):
        LabelSelector.of({"matchExpressions": [{"key": "v", "operator": "Near"}]})


@pytest.mark.parametrize(
    ("selector", "selected"),
    [
        ("metadata.name=a", True),
        ("metadata.name==a,status.phase!=Failed", True),
        ("status.phase!=Running", False),
        ("spec.nodeName=", True),
        ("spec.unschedulable=true", True),
        ("type!=helm.sh/release.v1,type!=kubernetes.io/service-account-token", True),
    ],
)
def test_a_field_selector_selects_as_kubernetes_does(selector, selected):
    assert FieldSelector.parse(selector).matches(POD) is selected


def test_a_field_selector_names_its_fields_and_unescapes_values():
    selector = FieldSelector.parse(r"metadata.name=a\,b,type!=x")
    assert selector.paths == ("metadata.name", "type")
    assert selector.terms[0][2] == "a,b"
    with pytest.raises(SelectorError):
        FieldSelector.parse("metadata.name")
