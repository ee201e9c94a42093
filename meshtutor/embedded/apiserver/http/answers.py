"""Bodies and headers: JSON, Status, warnings; and what a client accepts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import yaml
from aiohttp import web

from meshtutor.embedded.apiserver.http.protobuf import MAGIC, decode
from meshtutor.embedded.apiserver.statuses import bad_request, refusal
from meshtutor.errors import ApiStatusError

_JSON: Final = "application/json"
_WILDCARDS: Final = ("*/*", "application/*", _JSON)
_YAML: Final = ("application/yaml", "application/apply-patch+yaml", "text/yaml")
_READ: Final = (*_YAML, _JSON, "application/octet-stream", "application/merge-patch+json",
    "application/json-patch+json", "application/strategic-merge-patch+json")  # fmt: skip
_AGENT = "meshtutor"
_MAX_WARNING = 4096


_TRANSFORMS: Final = {
    "Table": "Table",
    "PartialObjectMetadata": "PartialObjectMetadata",
    "PartialObjectMetadataList": "PartialObjectMetadata",
}


def form_of(accept: str) -> str:
    """How a client wants objects shown: "" as they are, `Table` or `PartialObjectMetadata`.

    The first offer of the `Accept` header that is served counts; 406 if there is none: JSON only, no protobuf.
    """
    for offer in accept.split(",") if accept else ["*/*"]:
        media, *parameters = [part.strip() for part in offer.split(";")]
        given = dict(part.split("=", 1) for part in parameters if "=" in part)
        if media not in _WILDCARDS:
            continue
        if not given.get("as"):
            return ""
        if given["as"] in _TRANSFORMS and given.get("v", "v1") == "v1":
            return _TRANSFORMS[given["as"]]
    message = "only the following media types are accepted: application/json"
    raise refusal(406, "NotAcceptable", message)


def dumps(value: Any) -> bytes:
    """Compact JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def answer(value: Any, status: int = 200, warnings: Iterable[str] = ()) -> web.Response:
    """A JSON answer with `Warning` headers (RFC 7234, code 299), which kubectl prints."""
    response = web.Response(body=dumps(value), status=status, content_type=_JSON)
    for warning in dict.fromkeys(warnings):
        response.headers.add("Warning", f'299 - "{_quoted(warning)}"')
    return response


def refused(error: ApiStatusError, warnings: Iterable[str] = ()) -> web.Response:
    """The Status of a refusal; our hint, if there is one, is part of its message."""
    status = dict(error.status)
    if error.hint:
        status["message"] = f"{status.get('message', error.message)} ({error.hint})"
    return answer(status, error.code, warnings)


def _quoted(text: str) -> str:
    flat = " ".join(text.split())[:_MAX_WARNING]
    return flat.replace("\\", "\\\\").replace('"', '\\"').encode("ascii", "replace").decode()


async def body_of(request: web.Request) -> Any:
    """The request's body as data: JSON, or YAML where the content type says so."""
    media = request.content_type
    raw = await request.read()
    if not raw:
        return None
    if raw.startswith(MAGIC):
        return decode(raw)
    if media not in _READ:
        message = f"the body of the request was in an unknown format - accepted media types include: {', '.join(_READ)}"
        raise refusal(415, "UnsupportedMediaType", message)
    try:
        return yaml.safe_load(raw) if media in _YAML and raw[:1] not in b"{[" else json.loads(raw)
    except (ValueError, yaml.YAMLError) as error:
        raise bad_request(f"the body of the request cannot be read as {media}: {error}") from error


async def object_of(request: web.Request) -> dict[str, Any]:
    """The request's body as one object, or 400."""
    body = await body_of(request)
    if not isinstance(body, dict):
        raise bad_request("the body of the request must be one object")
    return body


def manager_of(request: web.Request) -> str:
    """Who writes: `fieldManager`, else the User-Agent up to its first slash."""
    named: str | None = request.query.get("fieldManager")
    return named or request.headers.get("User-Agent", _AGENT).partition("/")[0] or _AGENT


def flag(query: Mapping[str, str], name: str) -> bool:
    """A boolean query parameter, as Go reads it."""
    return query.get(name, "").lower() in ("1", "t", "true")


def number(query: Mapping[str, str], name: str) -> int | None:
    """An integer query parameter; None where absent, 400 where it is none."""
    text = query.get(name, "")
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise bad_request(f"{name}: expected an integer, not {text!r}") from None
