"""Watch: a stream of `{"type": ..., "object": ...}` lines, from the log of changes.

Where it starts (documentation page "API Concepts"): no resourceVersion or "0": ADDED for what there is, then changes;
`sendInitialEvents=true`: the same, and a bookmark with `k8s.io/initial-events-end` in between (KEP-3157, client-go's
WatchListClient hangs without it); a version: changes after it, or an ERROR event with 410 Expired.
An object that a change takes out of the selection is DELETED, one that it brings in is ADDED.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.core import version_of
from meshtutor.embedded.apiserver.http.answers import dumps, flag, form_of, number
from meshtutor.embedded.apiserver.http.forms import shown
from meshtutor.embedded.apiserver.http.paths import Target
from meshtutor.embedded.apiserver.resources import Resource
from meshtutor.embedded.apiserver.selection import Selection
from meshtutor.embedded.apiserver.statuses import FieldError, forbidden_field, invalid
from meshtutor.embedded.apiserver.store import Change, Store
from meshtutor.errors import ApiStatusError

_BOOKMARK_SECONDS: Final = 60.0
_SHORTEST, _SPREAD = 1800, 1800
_END: Final = {"k8s.io/initial-events-end": "true"}
Line = tuple[str, Object]


@dataclass
class Watch:
    """One watcher's wishes."""

    store: Store
    resource: Resource
    version: str
    selection: Selection
    form: str
    since: str
    initial: bool
    end_marked: bool
    bookmarks: bool
    told: int = 0
    """The revision up to which everything has been told."""

    async def lines(self) -> AsyncIterator[Line]:
        """Events for ever."""
        since = self.told = self.store.revision if self.initial else version_of(self.since)
        if self.initial:
            for obj in self.store.objects(self.resource.kind, self.selection.namespace):
                if self.selection.matches(obj):
                    yield "ADDED", obj
            if self.end_marked:
                yield "BOOKMARK", self.bookmark(since, _END)
        async for batch in self.store.follow((self.resource.key,), since):
            for change in batch:
                if line := self._seen(change):
                    yield line
                self.told = change.revision

    def _seen(self, change: Change) -> Line | None:
        """A change as a watcher of this selection sees it."""
        now = change.type != "DELETED" and self.selection.matches(change.object)
        before = change.old is not None and self.selection.matches(change.old)
        if now:
            return ("MODIFIED" if before else "ADDED"), change.object
        if not before:
            return None
        if change.type == "DELETED":
            return "DELETED", change.object
        last = change.old or change.object
        version = change.object["metadata"]["resourceVersion"]
        return "DELETED", {**last, "metadata": {**last["metadata"], "resourceVersion": version}}

    def due(self) -> list[Line]:
        """A bookmark at the present revision, unless there are changes that have not been told."""
        if not self.bookmarks or self.store.changes((self.resource.key,), self.told):
            return []
        return [("BOOKMARK", self.bookmark(self.store.revision))]

    def bookmark(self, revision: int, annotations: dict[str, str] | None = None) -> Object:
        """An object with nothing but a version."""
        meta: dict[str, Any] = {"resourceVersion": str(revision), "creationTimestamp": None}
        if annotations:
            meta["annotations"] = annotations
        kind = self.resource.kind
        return {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": meta}

    def line(self, kind: str, obj: Object, query: Any) -> bytes:
        """One line of the stream."""
        if kind == "BOOKMARK" and self.form == "Table":
            body = {**obj, "metadata": {k: v for k, v in obj["metadata"].items() if v is not None}}
            body = shown(self.form, self.resource, self.version, body, query)
        else:
            body = shown(self.form, self.resource, self.version, obj, query)
        return dumps({"type": kind, "object": body}) + b"\n"


def watch_of(request: web.Request, store: Store, target: Target, resource: Resource) -> Watch:
    """Read the query, or refuse it: 422 where parameters contradict each other."""
    query = request.query
    since, initial = query.get("resourceVersion", ""), query.get("sendInitialEvents")
    match, errors = query.get("resourceVersionMatch", ""), list[FieldError]()
    if initial is not None and match != "NotOlderThan":
        detail = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
        errors.append(forbidden_field("resourceVersionMatch", detail))
    if initial is None and match:
        detail = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
        errors.append(forbidden_field("resourceVersionMatch", detail))
    if errors:
        raise invalid(resource.kind, "", errors)
    fields = query.get("fieldSelector", "")
    if target.name:
        fields = f"metadata.name={target.name}"
    marked = flag(query, "sendInitialEvents")
    return Watch(
        store=store,
        resource=resource,
        version=target.version,
        selection=Selection.parse(resource.kind, query.get("labelSelector", ""), fields, target.namespace),
        form=form_of(request.headers.get("Accept", "")),
        since=since,
        initial=marked or (initial is None and since in ("", "0")),
        end_marked=marked,
        bookmarks=flag(query, "allowWatchBookmarks"),
    )


async def stream(request: web.Request, watch: Watch, closing: asyncio.Event) -> web.StreamResponse:
    """Answer with the stream until `timeoutSeconds` are over, the client goes away, or the server is `closing`."""
    if watch.since and not watch.initial:
        version_of(watch.since)
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    seconds = number(request.query, "timeoutSeconds") or _SHORTEST + secrets.randbelow(_SPREAD)
    try:
        async with asyncio.timeout(seconds):
            await _write(request, response, watch, closing)
    except TimeoutError:
        for kind, obj in watch.due():
            await response.write(watch.line(kind, obj, request.query))
    except ApiStatusError as error:
        await response.write(dumps({"type": "ERROR", "object": error.status}) + b"\n")
    await response.write_eof()
    return response


async def _write(
    request: web.Request, response: web.StreamResponse, watch: Watch, closing: asyncio.Event
) -> None:
    lines = watch.lines()
    pending, closed = asyncio.ensure_future(anext(lines)), asyncio.ensure_future(closing.wait())
    try:
        while not closed.done():
            first = asyncio.FIRST_COMPLETED
            await asyncio.wait({pending, closed}, timeout=_BOOKMARK_SECONDS, return_when=first)
            done = pending.done()
            told = [pending.result()] if done else watch.due()
            for kind, obj in told:
                await response.write(watch.line(kind, obj, request.query))
            if done:
                pending = asyncio.ensure_future(anext(lines))
    finally:
        pending.cancel()
        closed.cancel()
