"""The rules that lost, those included that no proxy was told of."""

from __future__ import annotations

import pytest

from tests.mesh.situations import BY_CALLER, BY_USER, DELEGATING, JASON, SHADOWED, rules, subsets, to


def losers(explanation) -> dict[str, tuple[str, str]]:
    """By route: why it lost, and where it is written, without the file."""
    return {one.route: (one.reason, one.by.where.rpartition(":")[2]) for one in explanation.lost}


def test_a_rule_behind_one_that_takes_everything_is_a_loser_though_no_proxy_has_it(under, tmp_path):
    file = tmp_path / "shadowed.yaml"
    file.write_text(SHADOWED)
    found = under(str(file)).explain("reviews", headers=JASON)
    assert subsets(found) == {"v1": 100}
    assert losers(found) == {"http[1].match[0]": ("behind http[0], which takes every request", "10")}
    assert "end-user" in found.lost[0].by.line


def test_rules_for_other_callers_and_ports_are_losers_with_what_they_ask_of_the_caller(under, tmp_path):
    file = tmp_path / "others.yaml"
    file.write_text(rules(
        f"{{name: page, match: [{{sourceLabels: {{app: productpage}}}}], route: [{to('v3')}]}}",
        f"{{match: [{{sourceNamespace: other}}, {{port: 80}}], route: [{to('v2')}]}}",
        f"{{match: [{{gateways: [bookinfo-gateway]}}], route: [{to('v2')}]}}",
        f"{{match: [{{uri: {{prefix: /}}}}], route: [{to('v1')}]}}",
        f"{{match: [{{sourceLabels: {{app: client}}}}], route: [{to('v2')}]}}",
    ))  # fmt: skip
    mesh = under(str(file))
    behind = "behind http[3].match[0], which takes every request", "13"
    assert losers(mesh.explain("reviews")) == {
        "page": ("only for pods with app=productpage", "9"),
        "http[1].match[0]": ("only for pods of namespace other", "10"),
        "http[1].match[1]": ("only for port 80", "10"),
        "http[2].match[0]": ("only for the gateway default/bookinfo-gateway", "11"),
        "http[4].match[0]": behind,
    }
    assert {"page", "http[1].match[0]"} & losers(mesh.explain("reviews", from_pod="productpage")).keys() == {
        "http[1].match[0]"
    }


def test_where_all_rules_are_for_others_they_are_losers_and_the_service_is_as_it_was(under):
    mesh = under(rules(f"{{match: [{{sourceLabels: {{app: productpage}}}}], route: [{to('v3')}]}}"))
    found = mesh.explain("reviews")
    assert subsets(found) == {"": 100}
    assert [one.reason for one in found.lost] == ["only for pods with app=productpage"]


def test_of_two_virtual_services_for_a_host_the_younger_is_a_loser_as_a_whole(under, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(BY_USER.replace("  name: reviews", "  name: zz-mine"))
    under(rules(f"{{route: [{to('v1')}]}}"))
    found = under(str(file)).explain("reviews", headers=JASON)
    assert subsets(found) == {"v1": 100}
    (loser,) = found.lost
    assert loser.route == "zz-mine"
    assert loser.reason.startswith(("an older VirtualService rules this host: default/reviews",
                                    "VirtualService default/reviews rules this host: it is as old"))  # fmt: skip
    assert (loser.by.object, loser.by.where) == ("VirtualService default/zz-mine", f"{file}:7")


def test_a_younger_rule_that_is_for_its_own_namespace_alone_goes_before_an_older_one_for_all(under, tmp_path):
    file = tmp_path / "mine.yaml"
    private = BY_USER.replace("  name: reviews", "  name: zz-mine").replace(
        "spec:\n", "spec:\n  exportTo: ['.']\n"
    )
    file.write_text(private)
    under(rules(f"{{route: [{to('v1')}]}}"))
    lost = {one.route: one.reason for one in under(str(file)).explain("reviews", headers=JASON).lost}
    assert lost["reviews"] == (
        "VirtualService default/zz-mine rules this host: it is exported to fewer namespaces"
    )


def test_a_wildcard_loses_to_the_name_and_a_rule_to_what_keeps_it_from_this_caller(under):
    head = rules(f"{{route: [{to('v3')}]}}").replace("  name: reviews", "  name: other")
    under(rules(f"{{route: [{to('v1')}]}}"))
    under(head.replace("- reviews", '- "*.default.svc.cluster.local"'))
    under(head.replace("name: other", "name: hidden").replace("spec:\n", "spec:\n  exportTo: [elsewhere]\n"))
    found = under("").explain("reviews")
    assert {one.route: one.reason for one in found.lost} == {
        "other": "VirtualService default/reviews names this host more closely",
        "hidden": "not exported to namespace default",
    }


def test_what_is_for_gateways_is_a_loser_at_sidecars_and_the_other_way_round(under):
    web = rules(f"{{route: [{to('v3')}]}}")
    mesh = under(web.replace("spec:\n", "spec:\n  gateways: [bookinfo-gateway]\n"))
    found = mesh.explain("reviews")
    assert [one.reason for one in found.lost] == ["only for the gateway default/bookinfo-gateway"]
    host = {"Host": "reviews.default.svc.cluster.local"}
    assert "reviews" not in losers(mesh.explain(mesh.gateway + "/reviews/0", headers=host))
    mesh.apply(web)
    at_gateway = mesh.explain(mesh.gateway + "/reviews/0", headers=host)
    assert ("reviews", "only for sidecars") in [(one.route, one.reason) for one in at_gateway.lost]


@pytest.mark.parametrize("rule", [BY_CALLER, BY_USER, DELEGATING], ids=["by caller", "by user", "delegating"])
@pytest.mark.parametrize("sender", ["client", "productpage"])
def test_each_place_is_either_taken_or_lost_once(under, rule, sender):
    found = under(rule).explain("reviews", headers=JASON, from_pod=sender)
    named = [(one.by.object, one.by.path) for one in (found.step("route"), *found.lost)]
    assert len(named) == len(set(named)) > 1, found
