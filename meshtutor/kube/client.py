"""The few verbs of the Kubernetes API that lessons are made of, on plain dicts.

Why not the official client here: its typed models drop what they do not know (every Istio field), its dynamic
client asks for the whole discovery document first, neither shows the API server's `Warning` headers, and
importing it takes a third of a second. Lessons that want it have it as `mesh.kube`. One method, `request`,
meets the network; refusals become `errors.ApiStatusError` and its children there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests

from meshtutor.errors import (
    ApiStatusError,
    ConflictError,
    InvalidError,
    LabError,
    NotFoundError,
    NotReadyError,
)
from meshtutor.kube import kinds, kubeconfig, undeclared
from meshtutor.kube.kinds import Kind

Object = dict[str, Any]
FIELD_MANAGER: Final = "meshtutor"
_ERRORS: Final = {404: NotFoundError, 409: ConflictError, 422: InvalidError}
_WARNING = re.compile(r'299 \S+ "((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Written:
    """What the API server stored, and the warnings it sent along."""

    object: Object
    warnings: tuple[str, ...] = ()


class KubeClient:
    """A connection to one API server. Safe to share between threads."""

    def __init__(self, endpoint: kubeconfig.Endpoint) -> None:
        self.endpoint = endpoint
        self._discovered: dict[tuple[str, str], Kind] = {}

    @classmethod
    def from_kubeconfig(cls, path: Path, context: str = "") -> KubeClient:
        """The API server of a context in a kubeconfig file."""
        return cls(kubeconfig.load(path, context))

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        content_type: str = "application/json",
        timeout: float = 10.0,
        stream: bool = False,
    ) -> requests.Response:
        """One request; `timeout` in seconds. ApiStatusError if refused, LabError if nobody answers."""
        data = None if body is None else body if isinstance(body, (str, bytes)) else json.dumps(body)
        headers = {"Content-Type": content_type} if data is not None else {}
        try:
            answer = self.endpoint.session.request(
                method,
                self.endpoint.server + path,
                params=params,
                data=data,
                headers=headers,
                timeout=timeout,
                stream=stream,
            )
        except requests.Timeout as error:
            raise NotReadyError(
                f"{method} {path} was not answered within {timeout:g} s.",
                "meshtutor status shows what is not well",
            ) from error
        except requests.RequestException as error:
            raise LabError(
                f"The Kubernetes API at {self.endpoint.server} does not answer.",
                "meshtutor up, then mt.connect() again",
            ) from error
        if answer.status_code >= 400:
            raise refusal(answer)
        return answer

    def get(self, kind: Kind, name: str, namespace: str = "") -> Object:
        """One object, or NotFoundError."""
        found: Object = self.request("GET", kind.path(name, namespace)).json()
        return found

    def list(self, kind: Kind, namespace: str = "", labels: str = "", fields: str = "") -> list[Object]:
        """The objects of a kind; selectors in kubectl's syntax."""
        params = {"labelSelector": labels, "fieldSelector": fields}
        answer = self.request(
            "GET", kind.path(namespace=namespace), params={k: v for k, v in params.items() if v}
        ).json()
        # items of a list carry neither, but what is read here may be applied again
        return [{"apiVersion": answer["apiVersion"], "kind": kind.kind, **item} for item in answer["items"]]

    def apply(self, obj: Object, namespace: str = "") -> Written:
        """Server-side apply as field manager `meshtutor`, taking over fields that others own.

        A field that the kind does not have is left out, with a warning.
        """
        told: list[str] = []
        while True:
            try:
                written = self._apply(obj, namespace)
            except ApiStatusError as refusal:
                unknown = undeclared.undeclared(refusal.message)  # of several in one place it names one
                if not unknown or set(unknown) <= set(told):
                    raise
                obj, told = undeclared.without(obj, unknown), told + unknown
            else:
                warnings = (f'unknown field "{path.removeprefix(".")}"' for path in told)
                return Written(written.object, (*warnings, *written.warnings))

    def _apply(self, obj: Object, namespace: str) -> Written:
        kind, version = self.kind_of(obj), obj["apiVersion"].rpartition("/")[2]
        path = kind.path(obj["metadata"]["name"], _namespace(kind, obj, namespace), version=version)
        params = {"fieldManager": FIELD_MANAGER, "force": "true", "fieldValidation": "Warn"}
        answer = self.request(
            "PATCH", path, params=params, body=obj, content_type="application/apply-patch+yaml"
        )
        return Written(answer.json(), _warnings(answer))

    def replace(self, obj: Object) -> Written:
        """Put the whole object in place of the one that is there."""
        kind = self.kind_of(obj)
        path = kind.path(obj["metadata"]["name"], _namespace(kind, obj, ""))
        answer = self.request("PUT", path, params={"fieldManager": FIELD_MANAGER}, body=obj)
        return Written(answer.json(), _warnings(answer))

    def merge(self, kind: Kind, name: str, namespace: str, patch: Object) -> Object:
        """JSON merge patch (RFC 7396): None removes a field."""
        answer = self.request("PATCH", kind.path(name, namespace), params={"fieldManager": FIELD_MANAGER},
                              body=patch, content_type="application/merge-patch+json")  # fmt: skip
        patched: Object = answer.json()
        return patched

    def delete(self, kind: Kind, name: str, namespace: str = "", *, grace_seconds: int | None = None) -> None:
        """Delete one object and, in the background, what it owns; NotFoundError if it is not there."""
        options: Object = {"propagationPolicy": "Background"}
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        self.request("DELETE", kind.path(name, namespace), body=options)

    def revision(self) -> str:
        """The store's revision now: a deletion done before is older than it."""
        answer = self.request("GET", kinds.NAMESPACE.path(), params={"limit": 1}).json()
        return str(answer["metadata"]["resourceVersion"])

    def logs(
        self,
        pod: str,
        namespace: str,
        container: str = "",
        tail: int | None = None,
        *,
        previous: bool = False,
    ) -> str:
        """What a container printed, as text."""
        params = {"container": container, "tailLines": tail, "previous": "true" if previous else ""}
        path = kinds.POD.path(pod, namespace, "log")
        return self.request("GET", path, params={k: v for k, v in params.items() if v}).text

    def stream(self, path: str, params: Mapping[str, Any]) -> Iterator[bytes]:
        """The body of a GET piece by piece, as it comes."""
        yield from self.request("GET", path, params=params, stream=True).iter_content(None)

    def kind_of(self, obj: Mapping[str, Any]) -> Kind:
        """The kind of an object: from the table, else by the API server's discovery; NotFoundError."""
        if known := kinds.kind_of(obj):
            return known
        key = (str(obj.get("apiVersion", "")), str(obj.get("kind", "")))
        if key not in self._discovered:
            self._discovered[key] = self._discover(*key)
        return self._discovered[key]

    def _discover(self, api_version: str, name: str) -> Kind:
        group, _, version = api_version.rpartition("/")
        try:
            served = self.request("GET", f"/apis/{api_version}" if group else f"/api/{version}").json()[
                "resources"
            ]
        except NotFoundError:
            served = []
        for entry in served:
            if entry["kind"] == name and "/" not in entry["name"]:
                return Kind(group, version, name, entry["name"], entry["namespaced"])
        raise unknown_kind(api_version, name, [entry["kind"] for entry in served])


def proxy_path(kind: Kind, namespace: str, name: str, port: int | str, path: str) -> str:
    """The URL path of `pods/NAME:PORT/proxy` or `services/NAME:PORT/proxy`; `path` begins with a slash."""
    return kind.path(f"{name}:{port}", namespace, "proxy") + path


def refusal(answer: requests.Response) -> ApiStatusError:
    """The API server's Status as an exception; another body (a proxied service's) is kept as `status["body"]`."""
    try:
        status = answer.json()
    except ValueError:
        status = {}
    if not isinstance(status, dict) or status.get("kind") != "Status":
        text = answer.text.strip()[:500] or answer.reason
        status = {
            "code": answer.status_code,
            "message": f"HTTP {answer.status_code}: {text}",
            "body": answer.text,
        }
    return _ERRORS.get(answer.status_code, ApiStatusError)(status)


def unknown_kind(api_version: str, name: str, served: list[str]) -> NotFoundError:
    """A 404 that says what may have been meant."""
    import difflib

    names = served or [kind.kind for kind in kinds.ALL]
    close = difflib.get_close_matches(name, names, n=1)
    same = [k.api_version for k in kinds.ALL if k.kind == name]
    if same:
        hint = f"{name} has apiVersion: {' or '.join(same)}"
    else:
        hint = f"Did you mean kind: {close[0]}?" if close else "kubectl api-resources lists all kinds"
    message = f"The API server knows no kind {name!r} in apiVersion {api_version!r}."
    return NotFoundError({"code": 404, "reason": "NotFound", "message": message}, hint)


def _namespace(kind: Kind, obj: Mapping[str, Any], default: str) -> str:
    return str(obj["metadata"].get("namespace") or default or "default") if kind.namespaced else ""


def _warnings(answer: requests.Response) -> tuple[str, ...]:
    """RFC 7234 section 5.5: `Warning: 299 - "text"`, one header per warning as Kubernetes sends them."""
    lines = answer.raw.headers.getlist("Warning")
    texts = (text for line in lines for text in _WARNING.findall(line))
    return tuple(text.replace('\\"', '"').replace("\\\\", "\\") for text in texts)
