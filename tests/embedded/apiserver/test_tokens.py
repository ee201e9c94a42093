"""Service accounts' tokens: issued, accepted, explained; and refused when anything about them is not true any more."""

from __future__ import annotations

from typing import Any

import pytest

from meshtutor.embedded.apiserver.tokens import ISSUER, ServiceAccountTokens
from meshtutor.kube.kinds import SERVICE_ACCOUNT
from tests.embedded.apiserver.conftest import Served

PATH = "/api/v1/namespaces/default/serviceaccounts"
REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"


def account(name: str) -> dict[str, Any]:
    meta = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}


@pytest.fixture
def token(served: Served) -> str:
    served.run(served.registry.create(account("sa")))
    spec = {"audiences": ["istio-ca"], "boundObjectRef": {"kind": "Pod", "name": "p", "uid": "u"}}
    answer = served.call("POST", f"{PATH}/sa/token", {"spec": spec})
    assert answer.status_code == 201
    return str(answer.json()["status"]["token"])


def review(served: Served, token: str, *audiences: str) -> Any:
    answer = served.call("POST", REVIEWS, {"spec": {"token": token, "audiences": list(audiences)}})
    return answer.json()["status"]


def test_a_token_is_explained_as_istiod_wants_it(served: Served, token: str) -> None:
    status = review(served, token, "istio-ca")
    assert status["authenticated"] is True
    assert status["audiences"] == ["istio-ca"]
    user = status["user"]
    assert user["username"] == "system:serviceaccount:default:sa"
    assert "system:serviceaccounts" in user["groups"]
    assert user["extra"]["authentication.kubernetes.io/pod-name"] == ["p"]


def test_another_audience_is_not_authenticated(served: Served, token: str) -> None:
    assert review(served, token, "somebody-else")["authenticated"] is False


def test_a_token_opens_the_api(served: Served, token: str) -> None:
    assert served.session(token).get(f"{served.api.url}{PATH}").status_code == 200


@pytest.mark.parametrize("change", ["payload", "signature", "short"])
def test_a_token_that_was_touched_is_worth_nothing(served: Served, token: str, change: str) -> None:
    header, payload, signature = token.split(".")
    touched = {
        "payload": f"{header}.{payload[:-2]}xx.{signature}",
        "signature": f"{header}.{payload}.{signature[:-4]}AAAA",
        "short": f"{header}.{payload}.",
    }[change]
    assert review(served, touched)["authenticated"] is False
    assert served.session(touched).get(f"{served.api.url}{PATH}").status_code == 401


def test_a_token_ends_with_its_account(served: Served, token: str) -> None:
    served.run(served.registry.delete(SERVICE_ACCOUNT, "sa", "default"))
    served.run(served.registry.create(account("sa")))
    assert served.session(token).get(f"{served.api.url}{PATH}").status_code == 401


def test_a_token_ends_with_its_time() -> None:
    tokens = ServiceAccountTokens(lambda *_: True)
    made = {"metadata": {"name": "sa", "namespace": "n", "uid": "u"}}
    assert tokens.check(tokens.issue(made, [], -1)) is None
    fresh = tokens.check(tokens.issue(made, [], 60))
    assert fresh is not None
    assert fresh.audiences == (ISSUER,)


def test_a_token_of_another_lab_is_worth_nothing() -> None:
    made = {"metadata": {"name": "sa", "namespace": "n", "uid": "u"}}
    token = ServiceAccountTokens(lambda *_: True).issue(made, [], 60)
    assert ServiceAccountTokens(lambda *_: True).check(token) is None


@pytest.mark.parametrize(
    ("plural", "spec"),
    [
        (
            "subjectaccessreviews",
            {"user": "u", "resourceAttributes": {"verb": "list", "resource": "secrets"}},
        ),
        ("selfsubjectaccessreviews", {"nonResourceAttributes": {"verb": "get", "path": "/x"}}),
    ],
)
def test_access_reviews_are_answered(served: Served, plural: str, spec: dict[str, Any]) -> None:
    answer = served.call("POST", f"/apis/authorization.k8s.io/v1/{plural}", {"spec": spec})
    assert (answer.status_code, answer.json()["status"]["allowed"]) == (201, True)
