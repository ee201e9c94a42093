"""Kinds that are questions, not objects: token reviews and access reviews. They are answered and not stored.

There is no RBAC in the lab (see authentication), so every access review is answered with yes, and says why.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

from meshtutor.embedded.apiserver.http.answers import answer, object_of
from meshtutor.embedded.apiserver.http.authentication import Authenticator
from meshtutor.embedded.apiserver.http.paths import Target
from meshtutor.embedded.apiserver.tokens import ISSUER, User
from meshtutor.kube.kinds import Kind

_AUTHN, _AUTHZ = "authentication.k8s.io", "authorization.k8s.io"
REVIEWS: Final = (
    Kind(_AUTHN, "v1", "TokenReview", "tokenreviews", namespaced=False),
    Kind(_AUTHN, "v1", "SelfSubjectReview", "selfsubjectreviews", namespaced=False),
    Kind(_AUTHZ, "v1", "SubjectAccessReview", "subjectaccessreviews", namespaced=False),
    Kind(_AUTHZ, "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", namespaced=False),
    Kind(_AUTHZ, "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", namespaced=False),
    Kind(_AUTHZ, "v1", "LocalSubjectAccessReview", "localsubjectaccessreviews"),
)
_YES: Final = {"allowed": True, "reason": "meshtutor has no RBAC: whoever has a token may do everything"}
_EVERYTHING: Final = {
    "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
    "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    "incomplete": False,
}


class Reviews:
    """Answers POSTs of the kinds above."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    def find(self, target: Target) -> Kind | None:
        """The review at a URL, if it is one."""
        named = (target.group, target.version, target.resource)
        return next((k for k in REVIEWS if (k.group, k.version, k.plural) == named), None)

    # POST /apis/authentication.k8s.io/v1/tokenreviews and the like
    async def review(self, request: web.Request, kind: Kind, user: User) -> web.Response:
        """The review with its status."""
        body = await object_of(request)
        answers: dict[str, Callable[[], dict[str, Any]]] = {
            "TokenReview": lambda: self._token(body.get("spec") or {}),
            "SelfSubjectReview": lambda: {"userInfo": user.info()},
            "SelfSubjectRulesReview": lambda: _EVERYTHING,
        }
        status = answers.get(kind.kind, lambda: _YES)()
        named = {"apiVersion": kind.api_version, "kind": kind.kind}
        meta = body.get("metadata") or {}
        return answer({**named, "metadata": meta, "spec": body.get("spec") or {}, "status": status}, 201)

    def _token(self, spec: dict[str, Any]) -> dict[str, Any]:
        user = self._authenticator.of(str(spec.get("token", "")))
        if user is None:
            return {"authenticated": False, "error": "the token is not one of this server's, or has expired"}
        has = set(user.audiences or (ISSUER,))
        wanted = spec.get("audiences") or [ISSUER]
        shared = [audience for audience in wanted if audience in has]
        if not shared:
            error = f"token audiences {sorted(has)} is invalid for the target audiences {wanted}"
            return {"authenticated": False, "error": error}
        return {"authenticated": True, "user": user.info(), "audiences": shared}
