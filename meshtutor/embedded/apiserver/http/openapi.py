"""OpenAPI documents: enough for kubectl's validation, patches and `explain`, made on demand from the schemas.

/openapi/v3                            one document per group and version, listed here with a hash
/openapi/v3/api/v1, /openapi/v3/apis/G/V

kubectl looks for PATCH operations with the parameter `fieldValidation` (then the server validates), for merge keys in
the schemas (apply), and for descriptions (explain). Documents are kept compressed until the set of resources changes.

Left out: /openapi/v2 as protobuf, which only clients older than 1.27 ask for; its JSON has paths and no definitions.
"""

from __future__ import annotations

import gzip
import hashlib
from typing import Any, Final

from aiohttp import web

from meshtutor.embedded.apiserver.http.answers import answer, dumps
from meshtutor.embedded.apiserver.http.discovery import Discovery
from meshtutor.embedded.apiserver.http.models import Models
from meshtutor.embedded.apiserver.resources import Resource, Resources
from meshtutor.embedded.apiserver.statuses import no_such_resource
from meshtutor.kube.kinds import Kind

VERSION: Final = "v1.35.0"
_PARAMETERS: Final = ("dryRun", "fieldManager", "fieldValidation")
_ACTIONS: Final = (("post", "post"), ("get", "list"))
_OBJECT_ACTIONS: Final = (("get", "get"), ("put", "put"), ("patch", "patch"), ("delete", "delete"))
_WRITES: Final = ("post", "put", "patch")


class OpenApi:
    """The documents of one server."""

    def __init__(self, resources: Resources, discovery: Discovery) -> None:
        self._resources = resources
        self._discovery = discovery
        self._kept: dict[str, tuple[int, bytes]] = {}

    def index(self) -> web.Response:
        """The list of documents; a hash in each URL lets clients keep what has not changed."""
        paths = {}
        for group, version in self._discovery.versions():
            path = f"apis/{group}/{version}" if group else f"api/{version}"
            paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={self._hash(group, version)}"}
        return answer({"paths": paths})

    def v2(self) -> web.Response:
        """A document without definitions."""
        info = {"title": "Kubernetes", "version": VERSION}
        return answer({"swagger": "2.0", "info": info, "paths": {}, "definitions": {}})

    def document(self, request: web.Request) -> web.Response:
        """One group's version, compressed."""
        path = request.path.removeprefix("/openapi/v3/").strip("/")
        body = self._document(path)
        headers = {
            "Content-Type": "application/json",
            "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"',
            "Vary": "Accept-Encoding",
        }
        if request.query.get("hash"):
            headers["Cache-Control"] = "public, immutable"
        if "gzip" not in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=gzip.decompress(body), headers=headers)
        return web.Response(body=body, headers={**headers, "Content-Encoding": "gzip"})

    def _document(self, path: str) -> bytes:
        held = self._kept.get(path)
        if held and held[0] == self._resources.revision:
            return held[1]
        steps = path.split("/")
        group, version = ("", steps[1]) if steps[0] == "api" else (steps[1], steps[2])
        if (group, version) not in self._discovery.versions():
            raise no_such_resource()
        body = gzip.compress(dumps(self._made(group, version)), compresslevel=5)
        self._kept[path] = (self._resources.revision, body)
        return body

    def _hash(self, group: str, version: str) -> str:
        """Changes with what the document is made of; the document itself is made when someone reads it."""
        of = [r for r in self._resources if r.kind.group == group]
        parts = [f"{VERSION} {version} {r.kind} {dumps(r.columns)!r}" for r in of]
        parts += [repr(r.schema(version)) for r in of if r.custom]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32].upper()

    def _made(self, group: str, version: str) -> dict[str, Any]:
        models, paths = Models(), {}
        for resource in self._resources:
            if resource.kind.group == group and version in resource.kind.versions:
                name = models.add(resource, version)
                paths.update(_paths(resource, version, name))
        return {
            "openapi": "3.0.0",
            "info": {"title": "Kubernetes", "version": VERSION},
            "paths": paths,
            "components": {"schemas": models.schemas},
        }


def _paths(resource: Resource, version: str, schema: str) -> dict[str, Any]:
    kind = resource.kind
    collection = kind.path(version=version, namespace="{namespace}")
    named = {
        collection: _operations(kind, version, schema, _ACTIONS),
        f"{collection}/{{name}}": _operations(kind, version, schema, _OBJECT_ACTIONS),
    }
    if kind.namespaced:
        named[kind.path(version=version)] = _operations(kind, version, schema, (("get", "list"),))
    if resource.has_status:
        named[f"{collection}/{{name}}/status"] = _operations(kind, version, schema, _OBJECT_ACTIONS[:3])
    return named


def _operations(
    kind: Kind, version: str, schema: str, actions: tuple[tuple[str, str], ...]
) -> dict[str, Any]:
    about = {"group": kind.group, "version": version, "kind": kind.kind}
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    made = {}
    for method, action in actions:
        operation: dict[str, Any] = {
            "responses": {"200": {"description": "OK", "content": content}},
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": about,
        }
        if method in _WRITES:
            operation["parameters"] = [
                {"name": name, "in": "query", "schema": {"type": "string"}} for name in _PARAMETERS
            ]
        made[method] = operation
    return made
