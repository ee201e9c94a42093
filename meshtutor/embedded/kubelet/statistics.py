"""What an Envoy counts, under which names, and in which buckets: `stats_config` of its bootstrap. Pure.

Istio's standard metrics are emitted by the stats access logger with tags of their own and appear on
`/stats/prometheus` as `envoy_istio_*`. Of Envoy's own statistics Istio keeps the few prefixes of
pkg/bootstrap/ config.go, since all of them cost memory and scrape time with every service; this lab keeps in
addition what its lessons look at (`_LESSONS`). The buckets are those of Istio's histograms, which are Envoy's
defaults.
"""

from __future__ import annotations

from typing import Any, Final

Json = dict[str, Any]
BUCKETS: Final = (
    0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 600000, 1800000, 3600000,
)  # fmt: skip
_PREFIXES: Final = (
    "istio",
    "cluster_manager",
    "listener_manager",
    "server",
    "cluster.xds-grpc",
    "main_thread",
)
_SUFFIXES: Final = (
    "rbac.allowed", "rbac.denied", "shadow_allowed", "shadow_denied", "downstream_cx_active", "downstream_rq_active",
)  # fmt: skip
_UPSTREAM: Final = (
    "upstream_rq_pending_overflow", "upstream_rq_pending_active", "upstream_rq_retry.*", "upstream_rq_timeout",
    "upstream_rq_per_try_timeout", "upstream_rq_active", "upstream_rq_total", r"upstream_rq_\dxx",
    "upstream_cx_overflow", "upstream_cx_active", "upstream_cx_connect_fail", "upstream_cx_total",
    "upstream_cx_max_requests", r"outlier_detection\..*", "membership_.*", r"circuit_breakers\..*", "lb_.*",
)  # fmt: skip
# Retries, timeouts, overflow of connection pools, ejections, health; faults and JWTs.
_LESSONS: Final = (
    rf"cluster\.(outbound|inbound)\|.*\.({'|'.join(_UPSTREAM)})",
    r"http\..*\.(fault\..*|jwt_authn\..*)",
)
_ISTIO_TAGS: Final = {
    # The name of a cluster has dots in it, and ends with ; where the control plane gives `alt_stat_name` as Istio
    # does: outbound|9080|v1|reviews.default.svc.cluster.local;
    "cluster_name": r"^cluster\.((.+?(?=;\.)|.+?(?:\..+?\.svc\.cluster\.local)?);?\.)",
    "tcp_prefix": r"^tcp\.((.*?)\.)\w+?$",
    "response_code": r"_rq(_(\d{3}))$",
    "response_code_class": r"_rq(_(\dxx))$",
    "http_conn_manager_prefix": r"^http\.(((?:[_.[:digit:]]*|[_\[\]aAbBcCdDeEfF[:digit:]]*))\.)",
    "listener_address": r"^listener\.(((?:[_.[:digit:]]*|[_\[\]aAbBcCdDeEfF[:digit:]]*))\.)",
}


def stats_config() -> Json:
    """Tags, buckets and the statistics that are kept."""
    patterns: list[Json] = [{"prefix": prefix} for prefix in _PREFIXES]
    patterns += [{"suffix": suffix} for suffix in _SUFFIXES]
    patterns += [{"safe_regex": {"regex": regex}} for regex in _LESSONS]
    return {
        "use_all_default_tags": False,
        "stats_tags": [{"tag_name": name, "regex": regex} for name, regex in _ISTIO_TAGS.items()],
        "stats_matcher": {"inclusion_list": {"patterns": patterns}},
        "histogram_bucket_settings": [{"match": {"prefix": "istio"}, "buckets": list(BUCKETS)}],
    }
