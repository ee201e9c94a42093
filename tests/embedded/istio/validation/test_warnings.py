"""What is allowed, and said all the same."""

# ruff: noqa: E501 - tables

from __future__ import annotations

import pytest
import yaml

from meshtutor.embedded.istio.validation import kinds
from meshtutor.embedded.istio.validation.problem import Problem


def warnings(kind: str, spec: str) -> list[Problem]:
    obj = {
        "apiVersion": "networking.istio.io/v1",
        "kind": kind,
        "metadata": {"name": "x"},
        "spec": yaml.safe_load(spec),
    }
    found = kinds.check(obj)
    assert [p for p in found if p.severity == "error"] == []
    return found


@pytest.mark.parametrize(
    ("kind", "spec", "path", "said"),
    [
        ("DestinationRule", "{host: a, trafficPolicy: {outlierDetection: {consecutiveErrors: 3}}}",
         "spec.trafficPolicy.outlierDetection.consecutiveErrors", "consecutiveErrors is deprecated and has no effect"),
        ("DestinationRule", "{host: a, trafficPolicy: {loadBalancer: {localityLbSetting: {failover: [{from: a, to: b}]}}}}",
         "spec.trafficPolicy.loadBalancer.localityLbSetting", "failover does nothing without outlier detection"),
        ("DestinationRule", "{host: a, trafficPolicy: {loadBalancer: {consistentHash: {useSourceIp: true, minimumRingSize: 9}}}}",
         "spec.trafficPolicy.loadBalancer.consistentHash.minimumRingSize", "minimumRingSize is deprecated"),
        ("VirtualService", "{hosts: [a], http: [{mirror: {host: b}, mirrorPercent: 5, route: [{destination: {host: a}}]}]}",
         "spec.http[0].mirrorPercent", "mirrorPercent is deprecated"),
        ("DestinationRule", "{host: a, subsets: [{name: s, labels: {a: b}, trafficPolicy: {loadBalancer: {simple: PASSTHROUGH}}}]}",
         "spec.subsets[0].trafficPolicy.loadBalancer.simple", "the labels of subset 's' do not count"),
        ("DestinationRule", "{host: a, trafficPolicy: {loadBalancer: {simple: PASSTHROUGH}}, subsets: [{name: s, labels: {a: b}}]}",
         "spec.trafficPolicy.loadBalancer.simple", "the labels of subset 's' do not count"),
        ("VirtualService", "{hosts: [a], http: [{mirror: {host: b}, mirror_percent: 5, route: [{destination: {host: a}}]}]}",
         "spec.http[0].mirror_percent", "mirror_percent is deprecated"),
        ("DestinationRule", "{host: a, trafficPolicy: {retryBudget: {minRetryConcurrency: 5}}}",
         "spec.trafficPolicy.retryBudget.percent", "without a percent it is 0.2 %"),
        ("VirtualService", "{hosts: [a], http: [{fault: {abort: {}}, route: [{destination: {host: a}}]}]}",
         "spec.http[0].fault.abort", "no status to answer"),
        ("Sidecar", "{workloadSelector: {}, egress: [{hosts: [./*]}]}", "spec.workloadSelector", "names no labels"),
        ("ServiceEntry", "{hosts: [a.com], ports: [{number: 80, name: a, protocol: HTTP}], workloadSelector: {labels: {a: b}}}",
         "spec.workloadSelector", "should not be set with resolution NONE"),
        ("ServiceEntry", "{hosts: [a.com], ports: [{number: 80, name: a, protocol: HTTP}], resolution: STATIC, workloadSelector: {}}",
         "spec.workloadSelector", "names no labels"),
        ("WorkloadEntry", "{network: far}", "spec.address", "must have a gateway"),
        ("Sidecar", "{egress: [{hosts: [a/b.com, a/b.com]}]}", "spec.egress[0].hosts[1]", "duplicated egress host"),
    ],
)  # fmt: skip
def test_a_setting_that_is_rarely_meant_is_a_warning(kind, spec, path, said):
    assert [(p.path, said in p.message) for p in warnings(kind, spec)] == [(path, True)]


@pytest.mark.parametrize(
    ("http", "path", "code"),
    [
        ("[{route: [{destination: {host: a}}]}, {match: [{uri: {prefix: /}}], route: [{destination: {host: b}}]}]",
         "spec.http[1]", "IST0130"),
        (("[{match: [{uri: {exact: /a}}], route: [{destination: {host: a}}]},"
         " {match: [{uri: {exact: /a}, name: again}, {uri: {exact: /b}}], route: [{destination: {host: b}}]}]"),
         "spec.http[1].match[0]", "IST0131"),
        (("[{match: [{uri: {prefix: /a}}], route: [{destination: {host: a}}]},"
         " {match: [{uri: {prefix: /a/b}}], route: [{destination: {host: b}}]}]"),
         "spec.http[1].match[0]", "IST0131"),
    ],
)  # fmt: skip
def test_a_rule_that_nothing_reaches_is_named_with_istioctls_code(http, path, code):
    found = warnings("VirtualService", f"{{hosts: [a], http: {http}}}")
    assert [(p.path, p.code) for p in found] == [(path, code)]


def test_a_longer_prefix_under_other_conditions_is_reached():
    rules = """[{match: [{uri: {prefix: /a}, headers: {x: {exact: y}}}], route: [{destination: {host: a}}]},
                {match: [{uri: {prefix: /a/b}}], route: [{destination: {host: b}}]}]"""
    assert warnings("VirtualService", f"{{hosts: [a], http: {rules}}}") == []
