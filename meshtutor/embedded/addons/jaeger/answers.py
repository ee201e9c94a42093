"""The envelope around every answer of Jaeger's query API: data, total, limit, offset, errors."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from aiohttp import web

from meshtutor.embedded.addons.jaeger import rendering
from meshtutor.embedded.addons.jaeger.store import Store

_INDENT: Final = 4


def data(request: web.Request, content: Any, total: int = 0) -> web.Response:
    """An answer of 200; `prettyPrint` indents it."""
    pretty = request.query.get("prettyPrint", "false") not in ("", "false")
    body = {"data": content, "total": total, "limit": 0, "offset": 0, "errors": None}
    return web.json_response(text=json.dumps(body, indent=_INDENT if pretty else None))


def error(status: int, message: str) -> web.Response:
    """A refusal. Its type is text/plain although it is JSON, as Go's http.Error has it."""
    body = {"data": None, "total": 0, "limit": 0, "offset": 0, "errors": [{"code": status, "msg": message}]}
    return web.Response(
        text=json.dumps(body) + "\n", status=status, headers={"X-Content-Type-Options": "nosniff"}
    )


async def traces(
    request: web.Request, store: Store, ids: Iterable[int], errors: Sequence[dict[str, str]] = ()
) -> web.StreamResponse:
    """Traces, sent one by one: a thousand of them are 30 MB of JSON, which must not all be in memory."""
    response = web.StreamResponse(headers={"Content-Type": "application/json; charset=utf-8"})
    await response.prepare(request)
    before = b'{"data": ['
    for trace_id in ids:
        if spans := store.spans(trace_id):  # it may have been dropped since it was found
            await response.write(before + json.dumps(rendering.trace(spans)).encode())
            before = b", "
    opened = b"" if before == b", " else before
    rest = json.dumps({"total": 0, "limit": 0, "offset": 0, "errors": list(errors) or None})
    await response.write(opened + b"], " + rest[1:].encode())
    await response.write_eof()
    return response
