"""What a learner may write where a URL is wanted."""

from __future__ import annotations

import pytest

from meshtutor.traffic.targets import http_port, resolve, service_name

REVIEWS = {"spec": {"ports": [{"name": "metrics", "port": 15020}, {"name": "http", "port": 9080}]}}


@pytest.mark.parametrize(
    ("target", "path", "url"),
    [
        ("reviews", None, "http://reviews:9080/reviews/0"),
        ("reviews", "/reviews/7", "http://reviews:9080/reviews/7"),
        ("reviews/health", None, "http://reviews:9080/health"),
        ("reviews.default", None, "http://reviews.default:9080/reviews/0"),
        (
            "reviews.default.svc.cluster.local:80/x?y=1",
            None,
            "http://reviews.default.svc.cluster.local:80/x?y=1",
        ),
        ("shop", None, "http://shop:9080/"),
        ("http://reviews:9080/reviews/0", None, "http://reviews:9080/reviews/0"),
        ("http://localhost:8000", "/productpage", "http://localhost:8000/productpage"),
    ],
)
def test_targets(target, path, url):
    assert resolve(target, path, lambda host: REVIEWS) == url


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match="neither a URL nor the name"):
        resolve("two words", None, lambda host: REVIEWS)


def test_the_http_port_is_found_by_istios_naming_rule():
    assert http_port(REVIEWS) == 9080
    assert http_port({"spec": {"ports": [{"port": 1}, {"port": 2, "appProtocol": "http"}]}}) == 2
    assert http_port({"spec": {"ports": [{"port": 5}]}}) == 5


def test_the_services_name_is_the_hosts_first_label():
    assert service_name("http://reviews.default:9080/x") == service_name("reviews") == "reviews"
