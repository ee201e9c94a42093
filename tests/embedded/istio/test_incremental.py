"""A change rebuilds what it touches, once for all proxies of a scope; what stays equal stays the same object."""

from __future__ import annotations

import pytest
from envoy.config.cluster.v3 import cluster_pb2

from meshtutor.embedded.api import Event
from meshtutor.embedded.istio.consistency import InconsistentError, check
from meshtutor.embedded.istio.proxy import Proxy
from meshtutor.embedded.istio.snapshot import Snapshot
from meshtutor.embedded.istio.translate import Translator
from meshtutor.embedded.xds.resource import CDS, EDS, LDS, RDS, SDS, Configuration
from meshtutor.kube.kinds import kind_of
from tests.support.certificates import Authority, secret

from .support import objects as make

SERVICES = 20


class World:
    """Services s0, s1, ... with a pod each, and the configurations of the first pods' sidecars."""

    def __init__(self, proxies: int = 3) -> None:
        self.services = [make.service(f"s{i}") for i in range(SERVICES)]
        self.pods = [make.pod(f"s{i}", ip=f"10.3.0.{i}") for i in range(SERVICES)]
        slices = [make.endpoint_slice(s, p) for s, p in zip(self.services, self.pods, strict=True)]
        self.snapshot = Snapshot.of([*self.services, *self.pods, *slices])
        self.translator = Translator()
        self.names = [pod["metadata"]["name"] for pod in self.pods[:proxies]]
        self.revision = 0

    def configurations(self) -> list[Configuration]:
        workloads = [self.snapshot.workloads["default", name] for name in self.names]
        proxies = [Proxy(f"{w.name}.default", False, w.ip, "127.0.0.1", w) for w in workloads]
        return [self.translator.configuration(proxy, self.snapshot) for proxy in proxies]

    def change(self, *objects: dict, how: str = "MODIFIED") -> None:
        events = []
        for obj in objects:
            self.revision += 1
            obj["metadata"]["resourceVersion"] = str(self.revision)
            events.append(Event(how, kind_of(obj), obj))
        self.snapshot = self.snapshot.evolve(events)

    def built(self) -> int:
        """How many things the next translation builds."""
        before = self.translator.memo.built
        self.configurations()
        return self.translator.memo.built - before


def rule(host: str, to: str = "s1") -> dict:
    return make.rule("VirtualService", host, hosts=[host], http=[{"route": [{"destination": {"host": to}}]}])


def test_nothing_is_built_when_nothing_changed():
    world = World()
    first = world.configurations()
    world.change(world.pods[-1])
    assert world.built() <= 4
    again = world.configurations()
    assert all(a[t] is b[t] for a, b in zip(first, again, strict=True) for t in (CDS, EDS, LDS, RDS))


def test_proxies_of_a_scope_share_tables_and_resources():
    one, two, _ = World().configurations()
    assert one[RDS] is two[RDS]
    assert one[EDS] is two[EDS]
    name = "outbound|9080||s5.default.svc.cluster.local"
    assert one[CDS][name] is two[CDS][name]


def test_a_rule_rebuilds_one_virtual_host_and_touches_routes_only():
    world = World(proxies=3)
    before = world.configurations()[0]
    world.change(rule("s3"))
    world.built()
    world.change(rule("s3", to="s4"))
    assert world.built() <= 1 + 1 + len(
        world.names
    )  # the virtual host, the table of routes, a check per proxy
    after = world.configurations()[0]
    assert after[RDS]["http_proxy"].version != before[RDS]["http_proxy"].version
    assert all(after[t] is before[t] for t in (CDS, EDS, LDS))


def test_a_delegate_that_changes_rebuilds_the_virtual_host_of_its_root_only():
    world = World(proxies=1)
    root = make.rule("VirtualService", "root", hosts=["s3"], http=[{"delegate": {"name": "team"}}])
    team = make.rule("VirtualService", "team", http=[{"route": [{"destination": {"host": "s4"}}]}])
    world.change(root, team)
    before = world.configurations()[0]
    held = world.snapshot.virtual_services.for_sidecar("s3.default.svc.cluster.local", "default")
    world.change(rule("s9"))
    again = world.snapshot.virtual_services.for_sidecar("s3.default.svc.cluster.local", "default")
    assert again[0] is held[0]
    world.configurations()
    team["spec"]["http"][0]["route"][0]["destination"]["host"] = "s5"
    world.change(make.rule("VirtualService", "team", http=team["spec"]["http"]))
    assert world.built() <= 3
    assert world.configurations()[0][RDS]["http_proxy"].version != before[RDS]["http_proxy"].version


def test_a_secret_that_changes_rebuilds_that_secret_and_nothing_else():
    world = World(proxies=2)
    rule = make.rule("DestinationRule", "s3", host="s3", workloadSelector={"matchLabels": {"app": "s0"}},
                     trafficPolicy={"tls": {"mode": "SIMPLE", "credentialName": "roots"}})  # fmt: skip
    world.change(rule, secret("roots", "default", cacert=Authority().certificate))
    selected, other = world.configurations()
    assert (list(selected[SDS]), list(other[SDS])) == (["kubernetes://roots-cacert"], [])
    world.change(secret("unrelated", "default", cacert=Authority().certificate))
    assert world.built() == 0
    world.change(secret("roots", "default", cacert=Authority().certificate))
    again, _ = world.configurations()
    assert (
        again[SDS]["kubernetes://roots-cacert"].version != selected[SDS]["kubernetes://roots-cacert"].version
    )
    assert all(again[t] is selected[t] for t in (CDS, EDS, LDS, RDS))


def test_a_pod_that_becomes_unready_changes_one_assignment():
    world = World()
    before = world.configurations()[0][EDS]
    world.change(make.endpoint_slice(world.services[7], world.pods[7], unready=(world.pods[7],)))
    after = world.configurations()[0][EDS]
    assert [name for name in after if after[name] is not before[name]] == [
        "outbound|9080||s7.default.svc.cluster.local"
    ]


def test_equal_content_has_an_equal_version_whoever_made_it():
    one, two = World(proxies=1).configurations()[0], World(proxies=1).configurations()[0]
    for type_url in (EDS, LDS):
        assert {n: r.version for n, r in one[type_url].items()} == {
            n: r.version for n, r in two[type_url].items()
        }


def test_a_deleted_rule_leaves_things_as_they_were():
    world = World(proxies=1)
    before = world.configurations()[0][RDS]["http_proxy"].version
    made = rule("s3")
    world.change(made)
    assert world.configurations()[0][RDS]["http_proxy"].version != before
    world.change(made, how="DELETED")
    assert world.configurations()[0][RDS]["http_proxy"].version == before


def test_labels_that_no_rule_asks_for_do_not_part_scopes_and_those_that_one_asks_for_do():
    world = World(proxies=2)
    one, two = world.configurations()
    assert one[RDS] is two[RDS]
    chosen = rule("s3")
    chosen["spec"]["http"][0]["match"] = [{"sourceLabels": {"app": "s0"}}]
    world.change(chosen)
    one, two = world.configurations()
    assert one[RDS]["http_proxy"].version != two[RDS]["http_proxy"].version


def test_what_is_referred_to_must_exist():
    configuration = dict(World(proxies=1).configurations()[0])
    check(configuration)
    missing = "outbound|9080||s5.default.svc.cluster.local"
    configuration[EDS] = {name: r for name, r in configuration[EDS].items() if name != missing}
    with pytest.raises(InconsistentError, match="s5"):
        check(configuration)


def near(host: str) -> dict:
    return make.rule("DestinationRule", host, host=host, trafficPolicy={"outlierDetection": {}})


def test_only_proxies_in_other_places_get_other_endpoints_and_only_where_a_rule_orders_them():
    world = World(proxies=3)
    moved = world.pods[1] | {"spec": world.pods[1]["spec"] | {"nodeName": "agent-1"}}
    world.change(make.node("agent-0"), make.node("agent-1", "brazil", "brazil-1"), moved)
    here, far, beside = world.configurations()
    assert here[EDS] is far[EDS]
    world.change(near("s5"))
    here, far, beside = world.configurations()
    assert here[EDS] is beside[EDS]
    assert [name for name in here[EDS] if here[EDS][name] is not far[EDS][name]] == [
        "outbound|9080||s5.default.svc.cluster.local"
    ]
    assert all(here[CDS][name] is far[CDS][name] for name in here[CDS] if name.startswith("outbound"))


def test_an_endpoint_that_changes_rebuilds_its_assignment_once_for_each_place():
    world = World(proxies=3)
    moved = world.pods[1] | {"spec": world.pods[1]["spec"] | {"nodeName": "agent-1"}}
    world.change(make.node("agent-0"), make.node("agent-1", "brazil", "brazil-1"), moved, near("s5"))
    before = world.configurations()
    world.change(make.endpoint_slice(world.services[5], world.pods[5], unready=(world.pods[5],)))
    after = world.configurations()
    for one, other in zip(before, after, strict=True):
        assert [name for name in other[EDS] if other[EDS][name] is not one[EDS][name]] == [
            "outbound|9080||s5.default.svc.cluster.local"
        ]


def entry(host: str, **spec: object) -> dict:
    port = {"number": 80, "name": "http", "protocol": "HTTP"}
    endpoints = [{"address": "10.9.9.9"}]
    return make.rule(
        "ServiceEntry", host, hosts=[host], resolution="STATIC", ports=[port], endpoints=endpoints, **spec
    )


def sidecar(*hosts: str) -> dict:
    return make.rule("Sidecar", "narrow", egress=[{"hosts": list(hosts)}])


def test_another_entry_leaves_the_resources_of_the_first_as_they_were():
    world = World(proxies=1)
    world.change(entry("a.test"))
    before = world.configurations()[0]
    world.change(entry("b.test"))
    after = world.configurations()[0]
    for table in (CDS, EDS):
        assert set(after[table]) - set(before[table]) == {"outbound|80||b.test"}
        assert all(after[table][name] is before[table][name] for name in before[table])


def test_a_sidecar_that_hides_a_host_spares_its_proxies_the_host_s_changes():
    world = World(proxies=1)
    world.change(sidecar("./s3.default.svc.cluster.local"))
    before = world.configurations()[0]
    assert [n for n in before[EDS] if n.startswith("outbound")] == [
        "outbound|9080||s3.default.svc.cluster.local"
    ]
    world.change(make.endpoint_slice(world.services[7], world.pods[7], unready=(world.pods[7],)))
    world.change(rule("s8", to="s9"), make.service("s99"), entry("a.test"))
    after = world.configurations()[0]
    assert {t: {n: r.version for n, r in after[t].items()} for t in after} == {
        t: {n: r.version for n, r in before[t].items()} for t in before
    }


def test_a_sidecar_that_goes_gives_the_view_back():
    world = World(proxies=1)
    whole = set(world.configurations()[0][CDS])
    world.change(sidecar("~/*"))
    assert not [name for name in world.configurations()[0][CDS] if name.startswith("outbound")]
    world.change(sidecar("~/*"), how="DELETED")
    assert set(world.configurations()[0][CDS]) == whole


def test_a_limit_reaches_the_receivers_own_cluster_and_nothing_else_of_the_rule_does():
    world = World(proxies=2)
    before = world.configurations()
    pool = {
        "connectionPool": {"tcp": {"maxConnections": 7}},
        "outlierDetection": {},
        "tls": {"mode": "SIMPLE"},
    }
    world.change(make.rule("DestinationRule", "s0", host="s0", trafficPolicy=pool))
    after = world.configurations()
    name = "inbound|9080||"
    assert after[1][CDS][name] is before[1][CDS][name]
    cluster = after[0][CDS][name].message(cluster_pb2.Cluster)
    assert cluster.circuit_breakers.thresholds[0].max_connections.value == 7
    assert not cluster.HasField("outlier_detection")
    assert not cluster.HasField("transport_socket")
    assert cluster.metadata.filter_metadata["istio"]["config"].endswith("/destination-rule/s0")


def test_a_rule_for_some_callers_or_beyond_a_sidecars_sight_does_not_reach_the_receiver():
    world = World(proxies=1)
    before = world.configurations()[0][CDS]["inbound|9080||"].version
    pool = {"connectionPool": {"tcp": {"maxConnections": 7}}}
    selecting = make.rule("DestinationRule", "some", host="s0", trafficPolicy=pool,
                          workloadSelector={"matchLabels": {"app": "s0"}})  # fmt: skip
    world.change(selecting)
    assert world.configurations()[0][CDS]["inbound|9080||"].version == before
    world.change(make.rule("DestinationRule", "all", host="s0", trafficPolicy=pool))
    assert world.configurations()[0][CDS]["inbound|9080||"].version != before
    world.change(sidecar("./s3.default.svc.cluster.local"))
    assert world.configurations()[0][CDS]["inbound|9080||"].version == before


def test_a_change_beside_rules_that_are_merged_leaves_their_cluster_as_it_was():
    world = World(proxies=1)
    subsets = [{"name": "v1", "labels": {"version": "v1"}}]
    world.change(near("s5"), make.rule("DestinationRule", "more", host="s5", subsets=subsets))
    before = world.configurations()[0]
    world.change(near("s6"))
    after = world.configurations()[0]
    name = "outbound|9080|v1|s5.default.svc.cluster.local"
    assert after[CDS][name] is before[CDS][name]


def named(host: str, **spec: object) -> dict:
    made = entry(host, **spec)
    made["spec"] |= {"resolution": "DNS", "endpoints": [{"address": "machine.test"}]}
    return made


def test_an_endpoint_elsewhere_leaves_clusters_that_hold_their_endpoints_as_they_were():
    world = World(proxies=2)
    world.change(named("a.test"))
    one, two = world.configurations()
    assert one[CDS]["outbound|80||a.test"] is two[CDS]["outbound|80||a.test"]
    assert "outbound|80||a.test" not in one[EDS]
    world.change(make.endpoint_slice(world.services[7], world.pods[7], unready=(world.pods[7],)))
    after = world.configurations()[0]
    assert after[CDS]["outbound|80||a.test"] is one[CDS]["outbound|80||a.test"]


def test_a_workload_entry_changes_the_assignment_of_who_selects_it_and_nothing_else():
    world = World(proxies=1)
    chosen = entry("a.test", workloadSelector={"labels": {"app": "legacy"}})
    del chosen["spec"]["endpoints"]
    world.change(chosen, entry("b.test"))
    before = world.configurations()[0]
    world.change(make.rule("WorkloadEntry", "m", address="10.9.9.1", labels={"app": "legacy"}))
    after = world.configurations()[0]
    assert [n for n in after[EDS] if after[EDS][n] is not before[EDS][n]] == ["outbound|80||a.test"]
    assert after[CDS] == before[CDS]
    assert after[RDS] is before[RDS]
    world.change(make.rule("WorkloadEntry", "n", address="10.9.9.2", labels={"app": "nobody"}))
    again = world.configurations()[0]
    assert all(again[t] is after[t] for t in (RDS, LDS))
    assert all(again[EDS][n] is after[EDS][n] for n in after[EDS])


def test_a_second_entry_of_a_name_touches_that_name_only():
    world = World(proxies=1)
    world.change(entry("a.test"), entry("b.test"))
    before = world.configurations()[0]
    younger = make.rule("ServiceEntry", "younger", hosts=["a.test"], resolution="STATIC",
                        ports=[{"number": 81, "name": "more", "protocol": "HTTP"}])  # fmt: skip
    world.change(younger)
    after = world.configurations()[0]
    assert set(after[CDS]) - set(before[CDS]) == {"outbound|81||a.test"}
    for table in (CDS, EDS):
        assert all(
            after[table][name] is before[table][name] for name in before[table] if "a.test" not in name
        )
    world.change(rule("s3"))
    again = world.configurations()[0]
    assert all(again[table] is after[table] for table in (CDS, EDS, LDS))
