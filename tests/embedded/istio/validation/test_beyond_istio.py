"""What Istio takes and Envoy then refuses: found by random objects, refused here by name before any proxy sees it."""

from __future__ import annotations

from typing import Any

import pytest

from meshtutor.embedded.apiserver.schema.checking import check as check_shape
from meshtutor.embedded.crds import crd
from meshtutor.embedded.istio.validation import kinds as validation
from meshtutor.kube.kinds import VIRTUAL_SERVICE

ROUTE = [{"destination": {"host": "reviews"}}]
MOST = 2**31 - 1


def virtual_service(**rule: Any) -> dict[str, Any]:
    meta = {"name": "x", "namespace": "default"}
    return {"apiVersion": VIRTUAL_SERVICE.api_version, "kind": "VirtualService", "metadata": meta,
            "spec": {"hosts": ["reviews"], "http": [rule]}}  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ({"timeout": "315576000000s", "route": ROUTE}, "spec.http[0].timeout"),
        ({"timeout": "9223372036s", "route": ROUTE}, "spec.http[0].timeout"),
        ({"route": [{"weight": MOST, **ROUTE[0]}] * 3}, "spec.http[0].route"),
        ({"rewrite": {"authority": "a\nb"}, "route": ROUTE}, "spec.http[0].rewrite.authority"),
        ({"rewrite": {"uri": "/a\r"}, "route": ROUTE}, "spec.http[0].rewrite.uri"),
        (
            {"rewrite": {"uriRegexRewrite": {"match": "/a", "rewrite": "\n"}}, "route": ROUTE},
            "spec.http[0].rewrite.uriRegexRewrite.rewrite",
        ),
        ({"redirect": {"authority": "\n"}}, "spec.http[0].redirect.authority"),
        (
            {"match": [{"queryParams": {"": {"exact": "a"}}}], "route": ROUTE},
            "spec.http[0].match[0].queryParams[]",
        ),
    ],
)
def test_it_is_an_error_with_its_path(rule, path):
    errors = [problem for problem in validation.check(virtual_service(**rule)) if problem.severity == "error"]
    assert [problem.path for problem in errors] == [path]


def test_bytes_must_be_base64():
    schema = crd(VIRTUAL_SERVICE)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    answer = {"status": 200, "body": {"bytes": "abc"}}
    (error,) = check_shape(virtual_service(directResponse=answer), schema)
    assert (error.path, "of type byte" in error.message) == ("spec.http[0].directResponse.body.bytes", True)
    answer["body"]["bytes"] = "YWJj"
    assert not list(check_shape(virtual_service(directResponse=answer), schema))
