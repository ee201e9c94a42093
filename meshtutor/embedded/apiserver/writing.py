"""Create and update: the steps an object takes on its way into the store, in Kubernetes' order.

shape (schema) -> identity -> defaults -> mutating admission -> checks -> validating admission -> commit.
Everything after the mutators' last await is synchronous, so what was checked is what is stored.
"""

from __future__ import annotations

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.admission import Request, mutate, validate
from meshtutor.embedded.apiserver.core import Core
from meshtutor.embedded.apiserver.metadata import (
    NAME_REQUIRED,
    body_of,
    carry_over,
    has_generation,
    is_finished,
    stamp_new,
)
from meshtutor.embedded.apiserver.options import WriteOptions
from meshtutor.embedded.apiserver.patches.owned import owners_of, track_update, write_owners
from meshtutor.embedded.apiserver.resources import Resource
from meshtutor.embedded.apiserver.shape import metadata_of, shaped
from meshtutor.embedded.apiserver.statuses import (
    FieldError,
    already_exists,
    conflict,
    forbidden,
    invalid,
    invalid_value,
)
from meshtutor.embedded.apiserver.strategies.names import check_metadata
from meshtutor.embedded.apiserver.values import clone, section
from meshtutor.embedded.apiserver.warnings import record_warnings
from meshtutor.kube.kinds import NAMESPACE


class Writer:
    """Creates and updates objects of one registry."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def create(self, resource: Resource, obj: Object, options: WriteOptions) -> Object:
        """Store a new object; 404 without its namespace, 409 if it exists."""
        new = shaped(resource, obj, options)
        space = self._identify(resource, new)
        strategy = self._core.strategy(resource)
        if resource.has_status and not strategy.keeps_status:
            new.pop("status", None)
        strategy.default(new)
        if has_generation(new, custom=resource.custom):
            new["metadata"]["generation"] = 1
        request = Request(resource.kind, "CREATE", new, None, space, options.dry_run, options.version)
        await mutate(self._core.mutators, request)
        strategy.default(new)
        strategy.prepare_create(new)
        self._check(resource, request, [], options)
        self._track(resource, new, None, options)
        if self._core.store.get(resource.kind, new["metadata"].get("namespace", ""), new["metadata"]["name"]):
            raise already_exists(resource.kind, new["metadata"]["name"])
        if options.dry_run:
            return new
        self._core.commit(resource, new, None)
        record_warnings(self._core, resource, new, options.warnings)
        return new

    def _identify(self, resource: Resource, new: Object) -> Object | None:
        stamp_new(new)
        meta, kind = new["metadata"], resource.kind
        if not meta.get("name"):
            raise invalid(kind, "", [NAME_REQUIRED])
        space = self._core.namespace_of(resource, new)
        if space and space["metadata"].get("deletionTimestamp"):
            why = f"unable to create new content in namespace {meta['namespace']} because it is being terminated"
            raise forbidden(kind, meta["name"], why)
        return space

    async def update(
        self, resource: Resource, obj: Object, current: Object, options: WriteOptions, subresource: str = ""
    ) -> Object:
        """Store a new state of `current`; answers `current` itself where nothing changes."""
        self._preconditions(resource, obj, current)
        if subresource == "status" and resource.custom:
            obj = _with_status_of(obj, current)
        new = shaped(resource, obj, options)
        if subresource == "status":
            new = {**current, "metadata": _status_metadata(new, current), "status": new.get("status") or {}}
        else:
            new = await self._prepared(resource, new, current, options)
        if _same(new, current):
            return current
        self._track(resource, new, current, options, subresource)
        if options.dry_run:
            return new
        if is_finished(new):
            return self._core.remove(resource, self._core.commit(resource, new, current))
        self._core.commit(resource, new, current)
        record_warnings(self._core, resource, new, options.warnings)
        return new

    async def _prepared(
        self, resource: Resource, new: Object, current: Object, options: WriteOptions
    ) -> Object:
        strategy = self._core.strategy(resource)
        carry_over(section(new, "metadata"), current["metadata"])
        _keep_record(new, current)
        if resource.has_status:
            _take(new, current, "status")
        strategy.default(new)
        space = self._core.store.get(NAMESPACE, "", new["metadata"].get("namespace", ""))
        request = Request(resource.kind, "UPDATE", new, current, space, options.dry_run, options.version)
        await mutate(self._core.mutators, request)
        strategy.default(new)
        strategy.prepare_update(new, current)
        self._check(resource, request, strategy.validate_update(new, current), options)
        if "generation" in current["metadata"] and body_of(new) != body_of(current):
            new["metadata"]["generation"] = current["metadata"]["generation"] + 1
        return new

    def _check(
        self, resource: Resource, request: Request, errors: list[FieldError], options: WriteOptions
    ) -> None:
        new, strategy = request.object, self._core.strategy(resource)
        meta = new["metadata"]
        found = check_metadata(meta, strategy.name_error) + strategy.validate(new) + errors
        if found:
            raise invalid(resource.kind, meta["name"], found)
        options.warnings.extend(validate(self._core.validators, request))

    def _track(
        self,
        resource: Resource,
        new: Object,
        old: Object | None,
        options: WriteOptions,
        subresource: str = "",
    ) -> None:
        """Record who owns what this write changed; an apply has done that itself."""
        if options.manager:
            schema = resource.schema(resource.kind.version) or {}
            version, through = resource.api_version(options.version), subresource or options.through
            track_update(new, old, schema, manager=options.manager, api_version=version, subresource=through)
        if not new["metadata"].get("managedFields"):
            new["metadata"].pop("managedFields", None)

    def _preconditions(self, resource: Resource, obj: Object, current: Object) -> None:
        given, held = metadata_of(obj), current["metadata"]
        kind, name = resource.kind, held["name"]
        if given.get("name", name) != name:
            why = "the name of the object does not match the name on the URL"
            raise invalid(kind, name, [invalid_value("metadata.name", given["name"], why)])
        if given.get("uid") and given["uid"] != held["uid"]:
            why = (
                f"Precondition failed: UID in precondition: {given['uid']}, UID in object meta: {held['uid']}"
            )
            raise conflict(kind, name, why)
        if given.get("resourceVersion") and given["resourceVersion"] != held["resourceVersion"]:
            raise conflict(kind, name)


def _keep_record(new: Object, current: Object) -> None:
    """Who says nothing about `managedFields` keeps them; what somebody says is read before it is believed."""
    held, given = (obj["metadata"].get("managedFields") for obj in (current, new))
    if given is None:
        new["metadata"].update({"managedFields": held} if held else {})
    elif given != held:
        write_owners(new, owners_of(new))


def _with_status_of(obj: Object, current: Object) -> Object:
    """What is there with the status that somebody sends; of a status's writer no spec is asked."""
    return {**current, **{part: obj[part] for part in ("apiVersion", "metadata", "status") if part in obj}}


def _take(new: Object, current: Object, part: str) -> None:
    if part in current:
        new[part] = current[part]
    else:
        new.pop(part, None)


def _status_metadata(new: Object, current: Object) -> Object:
    """A write of the status changes no metadata but the record of who wrote what."""
    meta = dict(current["metadata"])
    if "managedFields" in (new.get("metadata") or {}):
        meta["managedFields"] = clone(new["metadata"]["managedFields"])
    return meta


def _same(new: Object, current: Object) -> bool:
    """Equal but for the times in the record of writers, which change with every write."""
    if new.keys() != current.keys() or any(new[k] != current[k] for k in new if k != "metadata"):
        return False
    return _timeless(new["metadata"]) == _timeless(current["metadata"])


def _timeless(meta: Object) -> Object:
    entries = [{k: v for k, v in entry.items() if k != "time"} for entry in meta.get("managedFields") or ()]
    return {
        **meta,
        "managedFields": sorted(entries, key=lambda entry: (entry["manager"], entry["operation"])),
    }
