"""Subresources that are not the object itself: scale, eviction, token, log, finalize."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.http.answers import (
    answer,
    body_of,
    flag,
    manager_of,
    number,
    object_of,
)
from meshtutor.embedded.apiserver.http.paths import Target
from meshtutor.embedded.apiserver.options import DeleteOptions, WriteOptions
from meshtutor.embedded.apiserver.patches.merge import merge
from meshtutor.embedded.apiserver.patches.operations import json_patch
from meshtutor.embedded.apiserver.registry import Registry
from meshtutor.embedded.apiserver.resources import Resource
from meshtutor.embedded.apiserver.statuses import bad_request, refusal
from meshtutor.embedded.apiserver.tables.custom import finder
from meshtutor.embedded.apiserver.tokens import ServiceAccountTokens
from meshtutor.embedded.apiserver.values import items_of
from meshtutor.embedded.objects import timestamp
from meshtutor.errors import ApiStatusError, MeshtutorError
from meshtutor.kube.selectors import LabelSelector

_HOUR = 3600
_REPLICAS = ".spec.replicas"
_PATIENCE_SECONDS = 0.5
_REFUSED_LOG_OPTIONS = ("sinceSeconds", "sinceTime", "timestamps")


class Subresources:
    """One method per subresource."""

    def __init__(self, registry: Registry, tokens: ServiceAccountTokens) -> None:
        self._registry = registry
        self._tokens = tokens

    # GET, PUT, PATCH /.../deployments/NAME/scale
    async def scale(self, request: web.Request, target: Target, resource: Resource) -> web.Response:
        """The Scale of an object with replicas (autoscaling/v1)."""
        current = await self._registry.get(resource.kind, target.name, target.namespace)
        seen = scale_of(resource, current)
        if request.method == "GET":
            return answer(seen)
        body = await body_of(request)
        if request.method == "PATCH":
            body = json_patch(seen, body) if isinstance(body, list) else merge(seen, body)
        wanted = (body.get("spec") or {}).get("replicas", 0) if isinstance(body, dict) else None
        if not isinstance(wanted, int):
            raise bad_request("spec.replicas must be an integer")
        change: dict[str, Any] = _nested((resource.scale or {}).get("specReplicasPath", _REPLICAS), wanted)
        if version := (body.get("metadata") or {}).get("resourceVersion"):
            change["metadata"] = {"resourceVersion": version}
        dry_run = request.query.get("dryRun") == "All"
        options = WriteOptions(manager_of(request), dry_run=dry_run, through="scale")
        new = await self._registry.patch(
            resource.kind, target.name, target.namespace, change, options=options
        )
        return answer(scale_of(resource, new))

    # POST /.../pods/NAME/eviction
    async def evict(self, request: web.Request, target: Target, resource: Resource) -> web.Response:
        """A deletion that a disruption budget might refuse; there are none here, so it is a deletion."""
        body = await body_of(request) or {}
        options = DeleteOptions.read(body.get("deleteOptions") or {})
        self._registry.remove(resource.kind, target.name, target.namespace, options)
        return answer({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}, 201)

    # POST /.../serviceaccounts/NAME/token
    async def token(self, request: web.Request, target: Target, resource: Resource) -> web.Response:
        """A TokenRequest with its token."""
        body = await object_of(request)
        account = await self._registry.get(resource.kind, target.name, target.namespace)
        spec = dict(body.get("spec") or {})
        seconds = spec.setdefault("expirationSeconds", _HOUR)
        issued = self._tokens.issue(account, spec.get("audiences") or [], seconds, spec.get("boundObjectRef"))
        status = {"token": issued, "expirationTimestamp": timestamp(time.time() + seconds)}
        named = {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1"}
        meta = {"name": target.name, "namespace": target.namespace}
        return answer({**named, "metadata": meta, "spec": spec, "status": status}, 201)

    # PUT /api/v1/namespaces/NAME/finalize
    async def finalize(self, request: web.Request, target: Target, resource: Resource) -> web.Response:
        """A namespace's own finalizers; they are served by the deletion itself, so nothing changes."""
        await object_of(request)
        return answer(await self._registry.get(resource.kind, target.name, target.namespace))

    # GET /.../pods/NAME/log
    async def log(self, request: web.Request, target: Target, resource: Resource) -> web.StreamResponse:
        """A container's log as text, streamed."""
        pod = await self._registry.get(resource.kind, target.name, target.namespace)
        query = request.query
        container = _container(pod, query.get("container", ""))
        if refused := next(
            (n for n in _REFUSED_LOG_OPTIONS if query.get(n) not in (None, "", "false")), None
        ):
            raise bad_request(f"{refused} is not supported: the lab does not record when a line was written")
        if self._registry.log_source is None:
            raise refusal(503, "ServiceUnavailable", "no kubelet serves logs yet")
        pieces = self._registry.log_source.read(
            target.namespace,
            target.name,
            container,
            follow=flag(query, "follow"),
            previous=flag(query, "previous"),
            tail_lines=number(query, "tailLines"),
            limit_bytes=number(query, "limitBytes"),
        )
        return await _streamed(request, pieces)


def scale_of(resource: Resource, obj: Object) -> Object:
    """The Scale of an object: by the paths a CRD gives, or where Deployments have it."""
    paths = resource.scale or {}
    meta, spec = obj["metadata"], obj.get("spec") or {}
    selector: Any = spec.get("selector")
    if path := paths.get("labelSelectorPath"):
        selector = next(iter(finder(path)(obj)), "")
    replicas = next(iter(finder(paths.get("specReplicasPath", _REPLICAS))(obj)), 0)
    present = next(iter(finder(paths.get("statusReplicasPath", ".status.replicas"))(obj)), 0)
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    text = selector if isinstance(selector, str) else str(LabelSelector.of(selector))
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: meta[key] for key in kept if key in meta},
        "spec": {"replicas": replicas},
        "status": {"replicas": present, **({"selector": text} if text else {})},
    }


def _nested(path: str, value: Any) -> Any:
    """`.spec.size` and 3 as {"spec": {"size": 3}}."""
    for step in reversed(path.strip(".").split(".")):
        value = {step: value}
    return value


def _container(pod: Object, wanted: str) -> str:
    names = [c["name"] for c in items_of(pod["spec"], "initContainers") + items_of(pod["spec"], "containers")]
    if wanted and wanted not in names:
        raise bad_request(f"container {wanted} is not valid for pod {pod['metadata']['name']}")
    if wanted:
        return wanted
    main = [c["name"] for c in items_of(pod["spec"], "containers")]
    if len(main) > 1:
        name, choices = pod["metadata"]["name"], " ".join(main)
        message = f"a container name must be specified for pod {name}, choose one of: [{choices}]"
        raise bad_request(message)
    return str(main[0])


async def _streamed(request: web.Request, pieces: AsyncIterator[bytes]) -> web.StreamResponse:
    """The answer begins when there is a piece, or none for a moment, so that a refusal can still be a Status."""
    first = asyncio.ensure_future(anext(pieces, b""))
    try:
        done, _ = await asyncio.wait({first}, timeout=_PATIENCE_SECONDS)
        if done and (error := first.exception()):
            raise error if isinstance(error, ApiStatusError) else _bad(error)
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(await first)
        async for piece in pieces:
            await response.write(piece)
    finally:
        first.cancel()
    await response.write_eof()
    return response


def _bad(error: BaseException) -> BaseException:
    return bad_request(error.message) if isinstance(error, MeshtutorError) else error
