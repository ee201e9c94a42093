"""The verbs on objects and collections: each reads a request, calls the registry, and writes the answer."""

from __future__ import annotations

import base64
import json
from typing import Any, Final, cast

from aiohttp import web

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.core import version_of
from meshtutor.embedded.apiserver.http.answers import (
    answer,
    body_of,
    flag,
    form_of,
    manager_of,
    number,
    object_of,
)
from meshtutor.embedded.apiserver.http.forms import shown, shown_list
from meshtutor.embedded.apiserver.http.paths import Target
from meshtutor.embedded.apiserver.options import DeleteOptions, FieldValidation, WriteOptions
from meshtutor.embedded.apiserver.registry import PatchType, Registry
from meshtutor.embedded.apiserver.resources import Resource
from meshtutor.embedded.apiserver.selection import Selection
from meshtutor.embedded.apiserver.statuses import bad_request, expired, refusal
from meshtutor.kube.kinds import POD, SERVICE, SERVICE_ACCOUNT

_PATCHES: Final[dict[str, PatchType]] = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
    "application/apply-patch+yaml": "apply",
    "application/apply-patch+cbor": "apply",
}
_ANSWERED_WHOLE: Final = (POD.resource, SERVICE.resource, SERVICE_ACCOUNT.resource)
"""Kinds whose DELETE answers the object, where others answer a Status."""


ObjectList = list[Object]
"""Inside the class below, `list` is the verb."""


class Handlers:
    """One method per verb; `target` has been read from the URL, `resource` found for it."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    # GET /.../RESOURCE/NAME
    async def get(self, request: web.Request, target: Target, resource: Resource) -> web.Response:
        """One object."""
        found = await self._registry.get(resource.kind, target.name, target.namespace)
        return self._shown(request, target, resource, found)

    # GET /.../RESOURCE
    async def list(self, request: web.Request, target: Target, resource: Resource) -> web.Response:
        """A collection, or a page of it."""
        query = request.query
        self._check_version(query.get("resourceVersion", ""), query.get("resourceVersionMatch", ""))
        found, store = self._selected(request, target, resource), self._registry.store
        page, meta = _page(found, number(query, "limit") or 0, query.get("continue", ""), store.revision)
        body = shown_list(
            form_of(request.headers.get("Accept", "")), resource, target.version, page, meta=meta, query=query
        )
        return answer(body)

    # POST /.../RESOURCE
    async def create(self, request: web.Request, target: Target, resource: Resource) -> web.Response:
        """A new object."""
        obj = _addressed(await object_of(request), target, resource)
        options = _options(request, target)
        made = await self._registry.create(obj, options)
        return self._shown(request, target, resource, made, status=201, options=options)

    # PUT /.../RESOURCE/NAME[/status]
    async def update(self, request: web.Request, target: Target, resource: Resource) -> web.Response:
        """A new state."""
        obj = _addressed(await object_of(request), target, resource)
        meta = obj["metadata"]
        if meta.setdefault("name", target.name) != target.name:
            url, own = target.name, meta["name"]
            raise bad_request(f"the name of the object ({own}) does not match the name on the URL ({url})")
        options = _options(request, target)
        new = await self._registry.update(obj, target.subresource, options)
        return self._shown(request, target, resource, new, options=options)

    # PATCH /.../RESOURCE/NAME[/status]
    async def patch(self, request: web.Request, target: Target, resource: Resource) -> web.Response:
        """A change, in one of four formats by content type; server-side apply may create."""
        how = _PATCHES.get(request.content_type)
        if how is None:
            accepted = ", ".join(_PATCHES)
            message = (
                f"the body of the request was in an unknown format - accepted media types include: {accepted}"
            )
            raise refusal(415, "UnsupportedMediaType", message)
        options = _options(request, target)
        if how == "apply" and not request.query.get("fieldManager"):
            told = "fieldManager: Required value: is required for apply patch"
            raise refusal(422, "Invalid", f'PatchOptions.meta.k8s.io "" is invalid: {told}')
        existed = self._registry.store.get(resource.kind, target.namespace, target.name) is not None
        new = await self._registry.patch(
            resource.kind,
            target.name,
            target.namespace,
            await body_of(request),
            type=how,
            subresource=target.subresource,
            options=options,
        )
        return self._shown(request, target, resource, new, status=200 if existed else 201, options=options)

    # DELETE /.../RESOURCE/NAME
    async def delete(self, request: web.Request, target: Target, resource: Resource) -> web.Response:
        """The object, if it still has something to wait for, else a Status."""
        options = await _delete_options(request)
        last, gone = self._registry.remove(resource.kind, target.name, target.namespace, options)
        if not gone or resource.key in _ANSWERED_WHOLE:
            return self._shown(request, target, resource, last)
        return answer(_deleted(resource, last))

    # DELETE /.../RESOURCE
    async def delete_collection(
        self, request: web.Request, target: Target, resource: Resource
    ) -> web.Response:
        """All selected objects of a namespace, or of the cluster."""
        options = await _delete_options(request)
        found = self._selected(request, target, resource)
        for obj in found:
            meta = obj["metadata"]
            if self._registry.store.get(resource.kind, meta.get("namespace", ""), meta["name"]):
                self._registry.remove(resource.kind, meta["name"], meta.get("namespace", ""), options)
        meta = {"resourceVersion": str(self._registry.store.revision)}
        return answer(shown_list("", resource, target.version, found, meta=meta, query=request.query))

    def _selected(self, request: web.Request, target: Target, resource: Resource) -> ObjectList:
        labels, fields = (request.query.get(name, "") for name in ("labelSelector", "fieldSelector"))
        selection = Selection.parse(resource.kind, labels, fields)
        found = self._registry.store.objects(resource.kind, target.namespace)
        return [obj for obj in found if selection.matches(obj)]

    def _shown(
        self,
        request: web.Request,
        target: Target,
        resource: Resource,
        obj: Object,
        *,
        status: int = 200,
        options: WriteOptions | None = None,
    ) -> web.Response:
        form = form_of(request.headers.get("Accept", ""))
        body = shown(form, resource, target.version, obj, request.query)
        return answer(body, status, options.warnings if options else ())

    def _check_version(self, version: str, match: str) -> None:
        """Only the newest state is kept: an exact older one is Expired, a future one has to be waited for."""
        if not version or version == "0":
            return
        asked, now = version_of(version), self._registry.store.revision
        if asked > now:
            message = f"Too large resource version: {asked}, current: {now}"
            raise refusal(504, "Timeout", message, retryAfterSeconds=1)
        if match == "Exact" and asked != now:
            raise expired(
                f"The provided resource version {asked} is no longer available; list again without it."
            )


def _options(request: web.Request, target: Target) -> WriteOptions:
    query = request.query
    validation = query.get("fieldValidation") or "Warn"
    if validation not in ("Ignore", "Warn", "Strict"):
        raise bad_request(f"fieldValidation: expected Ignore, Warn or Strict, not {validation!r}")
    return WriteOptions(
        manager=manager_of(request),
        field_validation=cast("FieldValidation", validation),
        dry_run=_dry_run(query.get("dryRun", "")),
        force=flag(query, "force"),
        version=target.version,
    )


def _dry_run(text: str) -> bool:
    if text not in ("", "All"):
        raise bad_request(f'dryRun: expected "All", not {text!r}')
    return text == "All"


async def _delete_options(request: web.Request) -> DeleteOptions:
    body = await body_of(request)
    options = DeleteOptions.read(body if isinstance(body, dict) else {})
    query = request.query
    if (grace := number(query, "gracePeriodSeconds")) is not None:
        options.grace_seconds = grace
    if policy := query.get("propagationPolicy"):
        if policy not in ("Background", "Foreground", "Orphan"):
            raise bad_request(f"propagationPolicy: expected Background, Foreground or Orphan, not {policy!r}")
        options.propagation = cast("Any", policy)
    options.dry_run = options.dry_run or _dry_run(query.get("dryRun", ""))
    return options


def _addressed(obj: Object, target: Target, resource: Resource) -> Object:
    """The object with what the URL says of it, or 400 where it says something else itself."""
    kind, version = resource.kind, f"{target.group}/{target.version}" if target.group else target.version
    if obj.setdefault("kind", kind.kind) != kind.kind or obj.setdefault("apiVersion", version) != version:
        given = f"{obj.get('apiVersion')}, Kind={obj.get('kind')}"
        raise bad_request(f"the object provided is {given}; this URL is for {version}, Kind={kind.kind}")
    meta = obj.get("metadata")
    if not isinstance(meta, dict):
        meta = obj["metadata"] = {}
    if kind.namespaced and (meta.get("namespace") or target.namespace) != target.namespace:
        message = "the namespace of the provided object does not match the namespace sent on the request"
        raise bad_request(message)
    if kind.namespaced:
        meta["namespace"] = target.namespace
    return obj


def _deleted(resource: Resource, last: Object) -> Object:
    kind, meta = resource.kind, last["metadata"]
    details = {"name": meta["name"], "kind": kind.plural, "uid": meta["uid"]}
    if kind.group:
        details["group"] = kind.group
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def _page(found: list[Object], limit: int, token: str, revision: int) -> tuple[list[Object], dict[str, Any]]:
    """A page of a list.

    Later pages show the present, with the first page's version: a watch from there tells what has changed since.
    """
    if token:
        revision, after = _read_token(token)
        found = [obj for obj in found if _key(obj) > after]
    meta: dict[str, Any] = {"resourceVersion": str(revision)}
    if limit <= 0 or len(found) <= limit:
        return found, meta
    meta["continue"] = _token(revision, _key(found[limit - 1]))
    meta["remainingItemCount"] = len(found) - limit
    return found[:limit], meta


def _key(obj: Object) -> list[str]:
    return [obj["metadata"].get("namespace", ""), obj["metadata"]["name"]]


def _token(revision: int, after: list[str]) -> str:
    return base64.urlsafe_b64encode(json.dumps([revision, after]).encode()).decode()


def _read_token(token: str) -> tuple[int, list[str]]:
    try:
        revision, after = json.loads(base64.urlsafe_b64decode(token))
        return int(revision), list(after)
    except (ValueError, TypeError) as error:
        raise bad_request("continue key is not valid") from error
