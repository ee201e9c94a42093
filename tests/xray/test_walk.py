"""The walk on small configurations in Envoy's own JSON, as a real cluster's dump has it."""

from __future__ import annotations

from typing import Any

import pytest

from meshtutor.xray import Call, Envoy, walk

Json = dict[str, Any]


def manager(**fields: Any) -> Json:
    return {"name": "envoy.filters.network.http_connection_manager", "typed_config": fields}


def envoy(
    *routes: Json, domains: tuple[str, ...] = ("*",), clusters: list[Json] | None = None, **config: Any
) -> Envoy:
    """One listener 0.0.0.0_80 with one virtual host."""
    host = {"name": "host:80", "domains": list(domains), "routes": list(routes)} | config.pop("host", {})
    listener = {
        "name": "0.0.0.0_80",
        "traffic_direction": "OUTBOUND",
        "address": {"socket_address": {"address": "0.0.0.0", "port_value": 80}},
        "filter_chains": [{"filters": [manager(rds={"route_config_name": "80"})]}],
    }
    return Envoy([listener], [{"name": "80", "virtual_hosts": [host]} | config], clusters or [], [])


def to(cluster: str, match: Json | None = None, **fields: Any) -> Json:
    return {"name": cluster, "match": match or {"prefix": "/"}, "route": {"cluster": cluster}} | fields


def get(path: str = "/", host: str = "reviews", **rest: Any) -> Call:
    return Call(host, 80, path, **rest)


CLUSTER = {
    "name": "a",
    "type": "EDS",
    "load_assignment": {
        "endpoints": [
            {
                "locality": {"region": "europe", "zone": "e1"},
                "lb_endpoints": [
                    {
                        "endpoint": {
                            "address": {"socket_address": {"address": "10.0.0.1", "port_value": 9080}}
                        },
                        "metadata": {
                            "filter_metadata": {
                                "istio": {"workload": "reviews-v1;default;reviews;v1;K"},
                                "envoy.transport_socket_match": {"tlsMode": "istio"},
                            }
                        },
                    }
                ],
            }
        ]
    },
}


def test_a_walk_names_every_step():
    result = walk(envoy(to("a"), clusters=[CLUSTER]), get())
    assert (result.listener, result.virtual_host, result.domain, result.route) == (
        "0.0.0.0_80",
        "host:80",
        "*",
        "a",
    )
    [target] = result.targets
    [endpoint] = target.endpoints
    assert (endpoint.address, endpoint.workload, endpoint.locality, endpoint.tls) == (
        "10.0.0.1:9080",
        "reviews-v1",
        "europe/e1",
        True,
    )
    assert not result.error


@pytest.mark.parametrize(
    ("match", "call", "reason"),
    [
        ({"path": "/a"}, get("/b"), "path '/b' is not '/a'"),
        ({"prefix": "/a"}, get("/b"), "path '/b' does not begin with '/a'"),
        ({"path_separated_prefix": "/a"}, get("/ab"), "path '/ab' is not under '/a'"),
        ({"safe_regex": {"regex": "/[0-9]+"}}, get("/x"), "path '/x' does not match the regex '/[0-9]+'"),
        (
            {"prefix": "/", "headers": [{"name": "u", "string_match": {"exact": "j"}}]},
            get(),
            "u is absent, wanted exact 'j'",
        ),
        (
            {"prefix": "/", "headers": [{"name": "u", "string_match": {"exact": "j"}}]},
            get(headers={"U": "t"}),
            "u: 't', wanted exact 'j'",
        ),
        (
            {"prefix": "/", "headers": [{"name": "u", "present_match": True, "invert_match": True}]},
            get(headers={"u": "1"}),
            "u: '1', must not be there",
        ),
        (
            {"prefix": "/", "headers": [{"name": ":method", "string_match": {"exact": "POST"}}]},
            get(),
            ":method: 'GET', wanted exact 'POST'",
        ),
        (
            {"prefix": "/", "query_parameters": [{"name": "q", "string_match": {"exact": "1"}}]},
            get("/?q=2"),
            "query parameter q: '2', wanted exact '1'",
        ),
        ({"connect_matcher": {}}, get(), "only for CONNECT"),
    ],
)
def test_the_first_condition_that_failed_is_told(match: Json, call: Call, reason: str):
    result = walk(envoy(to("a", match), to("b"), clusters=[CLUSTER | {"name": "b"}]), call)
    assert [c.reason for c in result.lost] == [reason]
    assert result.route == "b"


@pytest.mark.parametrize(
    ("domains", "host", "found"),
    [
        (["reviews", "*"], "reviews", "reviews"),
        (["*.example.com", "*.a.example.com", "*"], "x.a.example.com", "*.a.example.com"),
        (["example.*", "*"], "example.com", "example.*"),
        (["*.com", "example.*"], "example.com", "*.com"),
        (["Reviews"], "reviews", "Reviews"),
        (["other"], "reviews", ""),
    ],
)
def test_domains_are_searched_in_envoys_order(domains: list[str], host: str, found: str):
    assert walk(envoy(to("a"), domains=tuple(domains)), get(host=host)).domain == found


def test_the_port_is_a_part_of_the_name_unless_the_configuration_ignores_it():
    call = get(headers={"host": "reviews:9080"})
    assert walk(envoy(to("a"), domains=("reviews",)), call).flags == "NR"
    ignoring = envoy(to("a"), domains=("reviews",), ignore_port_in_host_matching=True)
    assert walk(ignoring, call).domain == "reviews"


@pytest.mark.parametrize(
    ("cluster", "status", "flags"),
    [(None, 503, "NC"), ({"name": "a", "type": "EDS"}, 503, "UH"), (CLUSTER, 0, "")],
)
def test_what_cannot_be_served_is_said_with_envoys_flag(cluster: Json | None, status: int, flags: str):
    result = walk(envoy(to("a"), clusters=[cluster] if cluster else []), get())
    assert (result.status, result.flags) == (status, flags)


def test_weights_are_shares_in_percent():
    split = {"weighted_clusters": {"clusters": [{"name": "a", "weight": 1}, {"name": "b", "weight": 3}]}}
    result = walk(envoy({"match": {"prefix": "/"}, "route": split}), get())
    assert result.clusters == {"a": 25.0, "b": 75.0}


def test_retries_timeout_fault_and_mirrors_are_told():
    action = {
        "cluster": "a",
        "timeout": "0.500s",
        "retry_policy": {"num_retries": 3, "retry_on": "5xx", "per_try_timeout": "2s"},
        "request_mirror_policies": [
            {
                "cluster": "m",
                "runtime_fraction": {"default_value": {"numerator": 100000, "denominator": "MILLION"}},
            }
        ],
    }
    fault = {
        "delay": {"fixed_delay": "7s", "percentage": {"numerator": 500000, "denominator": "MILLION"}},
        "abort": {"http_status": 500},
    }
    config = {"envoy.filters.http.fault": fault}
    result = walk(
        envoy({"match": {"prefix": "/"}, "route": action, "typed_per_filter_config": config}), get()
    )
    assert result.timeout == 0.5
    assert result.retries == {"attempts": 3, "on": "5xx", "per_try_timeout": 2.0}
    assert result.fault == {"delay": 7.0, "delay_percent": 50.0, "abort": 500, "abort_percent": 0.0}
    assert result.mirrors == (("m", 10.0),)


def test_a_route_without_a_timeout_has_envoys_fifteen_seconds_and_zero_is_none():
    assert walk(envoy(to("a")), get()).timeout == 15.0
    unlimited = {"match": {"prefix": "/"}, "route": {"cluster": "a", "timeout": "0s"}}
    assert walk(envoy(unlimited), get()).timeout is None


def test_a_virtual_host_that_requires_tls_redirects():
    result = walk(envoy(to("a"), host={"require_tls": "ALL"}), get("/x"))
    assert (result.status, result.redirect) == (301, "https://reviews/x")


def test_without_any_listener_for_the_port_the_walk_says_so():
    other = {
        "name": "0.0.0.0_81",
        "traffic_direction": "OUTBOUND",
        "address": {"socket_address": {"port_value": 81}},
    }
    assert "no listener" in walk(Envoy([other, other | {"name": "x"}], [], [], []), get()).error


def test_a_dump_of_envoys_admin_is_read():
    dump = {
        "configs": [
            {
                "@type": "type.googleapis.com/envoy.admin.v3.ListenersConfigDump",
                "dynamic_listeners": [
                    {"name": "l", "active_state": {"listener": {"name": "l"}}},
                    {"name": "warming"},
                ],
            },
            {
                "@type": "type.googleapis.com/envoy.admin.v3.RoutesConfigDump",
                "dynamic_route_configs": [{"route_config": {"name": "r"}}],
            },
            {
                "@type": "type.googleapis.com/envoy.admin.v3.ClustersConfigDump",
                "static_clusters": [{"cluster": {"name": "s"}}],
                "dynamic_active_clusters": [{"cluster": {"name": "d"}}],
            },
            {
                "@type": "type.googleapis.com/envoy.admin.v3.EndpointsConfigDump",
                "dynamic_endpoint_configs": [{"endpoint_config": {"cluster_name": "d"}}],
            },
            {"@type": "type.googleapis.com/envoy.admin.v3.SecretsConfigDump"},
        ]
    }
    read = Envoy.of(dump)
    assert (set(read.listeners), set(read.routes), set(read.clusters), set(read.endpoints)) == (
        {"l"},
        {"r"},
        {"s", "d"},
        {"d"},
    )


def test_a_result_reads_as_text():
    text = str(walk(envoy(to("a", {"path": "/x"}), to("b")), get()))
    assert "path '/' is not '/x'" in text
    assert "→ route       b: takes every request" in text
    assert "cluster 'b' does not exist (503 NC)" in text


def test_a_url_is_a_call():
    call = Call.to("http://reviews:9080/reviews/0?x=1", method="POST")
    assert (call.authority, call.path_only, call.query, call.method) == (
        "reviews:9080",
        "/reviews/0",
        {"x": "1"},
        "POST",
    )
    assert Call.to("http://reviews/").authority == "reviews"


@pytest.mark.parametrize(("regex", "path"), [(r"/\pN+", "/42"), (r"/\d+\z", "/7"), ("/(?U:a+)b", "/aab")])
def test_regexes_are_re2s_as_in_envoy_not_pythons(regex, path):
    tried = envoy(to("a", {"safe_regex": {"regex": regex}}), clusters=[CLUSTER])
    assert walk(tried, get(path)).route == "a"
    assert walk(tried, get("/no")).flags == "NR"


def tcp_proxy(**fields: Any) -> Json:
    return {"name": "envoy.filters.network.tcp_proxy", "typed_config": fields}


def by_names(*chains: tuple[list[str], Json]) -> Envoy:
    """A gateway's listener: a chain for each list of names, with its filter."""
    made = [
        {"filter_chain_match": {"server_names": names}, "filters": [filter_]}
        if names
        else {"filters": [filter_]}
        for names, filter_ in chains
    ]
    listener = {"name": "0.0.0.0_8443", "traffic_direction": "OUTBOUND", "filter_chains": made}
    return Envoy([listener], [], [{**CLUSTER, "name": name} for name in ("a", "b")], [])


WEIGHTED = {"clusters": [{"name": "a", "weight": 1}, {"name": "b", "weight": 3}]}
SHOPS = by_names(
    (["*.example.com"], tcp_proxy(cluster="a")),
    (["tea.example.com", "ale.example.com"], tcp_proxy(weighted_clusters=WEIGHTED)),
)


@pytest.mark.parametrize(
    ("url", "clusters"),
    [
        ("https://tea.example.com/", {"a": 25.0, "b": 75.0}),
        ("https://new.example.com/x", {"a": 100.0}),
        ("https://example.com/", {}),
        ("http://tea.example.com/", {}),
    ],
)
def test_a_chain_that_passes_on_bytes_is_chosen_by_the_name_that_the_client_calls(url: str, clusters: Json):
    result = walk(SHOPS, Call.to(url))
    assert (result.clusters, result.as_bytes, result.status) == (clusters, bool(clusters), 0)
    assert ("connection is closed" in result.error) == (not clusters)


def test_a_chain_for_bytes_names_who_made_it_and_for_whom():
    config = "/apis/x/v1/namespaces/default/virtual-service/shops"
    place = {"istio": {"config": config}, "meshtutor": {"rule": "tls[0].match[0]"}}
    envoy = by_names((["tea.example.com"], tcp_proxy(cluster="a")))
    envoy.listeners["0.0.0.0_8443"]["filter_chains"][0]["metadata"] = {"filter_metadata": place}
    result = walk(envoy, Call.to("https://tea.example.com/"))
    assert result.chosen
    assert (result.chosen.rule, result.chosen.config.rpartition("/")[2]) == ("tls[0].match[0]", "shops")
    assert "calls tea.example.com (SNI), the chain is for tea.example.com" in result.chosen.reason
    assert "filter chain  tea.example.com  (bytes)" in str(result)


def test_bytes_to_a_cluster_that_is_not_there_are_not_answered():
    result = walk(by_names(([], tcp_proxy(cluster="gone"))), Call.to("http://any/"))
    assert result.error == "cluster 'gone' does not exist: the connection is closed"
    assert (result.status, result.flags) == (0, "NC")


def test_of_two_chains_as_close_the_one_that_sees_requests_takes_them():
    """A real cluster's sidecar has both for a port whose protocol nobody declared, and tells them apart by looking."""
    both = by_names(
        ([], tcp_proxy(cluster="a")), ([], manager(route_config={"name": "x", "virtual_hosts": []}))
    )
    assert walk(both, get()).route_config == "x"
