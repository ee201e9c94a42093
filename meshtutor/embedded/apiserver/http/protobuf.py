"""Protobuf request bodies, as kubectl >= 1.32 sends them for `create namespace`, `create token`, `auth can-i`, ...

An envelope of four magic bytes and a `runtime.Unknown` (apimachinery's pkg/runtime/serializer/protobuf), and in it an
object of one of the kinds in `protobuf_fields`. Answers are always JSON, which those clients accept. Go writes
strings and numbers that are not pointers even when they are empty; such zeros are dropped, as JSON's `omitempty` does.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any, Final

from meshtutor.embedded.apiserver.http.protobuf_fields import INLINE, MESSAGES, Field
from meshtutor.embedded.apiserver.statuses import bad_request, refusal
from meshtutor.embedded.objects import timestamp

MAGIC: Final = b"k8s\x00"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED: Final = {_FIXED64: 8, _FIXED32: 4}
_MAX_VARINT = 10
Wire = Iterator[tuple[int, int | bytes]]


def decode(body: bytes) -> dict[str, Any]:
    """The object in a protobuf body; 415 where its kind is not one of those kubectl creates."""
    if not body.startswith(MAGIC):
        raise bad_request("the body is not in Kubernetes' protobuf format")
    envelope = _message(body[len(MAGIC) :], "Unknown")
    about = envelope.get("typeMeta") or {}
    kind = str(about.get("kind", ""))
    if kind not in MESSAGES:
        message = f"{kind} cannot be read as protobuf here; send it as JSON or YAML: kubectl apply -f FILE"
        raise refusal(415, "UnsupportedMediaType", message)
    return {**about, **_message(base64.b64decode(envelope.get("raw", "")), kind)}


def _message(data: bytes, name: str) -> dict[str, Any]:
    fields, made = MESSAGES[name], dict[str, Any]()
    for number, raw in _wire(data):
        if field := fields.get(number):
            _put(made, field, raw)
    return made


def _put(made: dict[str, Any], field: Field, raw: int | bytes) -> None:
    if field.shape == "map":
        entry = _entry(raw, field.type)
        made.setdefault(field.name, {})[entry[0]] = entry[1]
    elif field.shape == "list":
        made.setdefault(field.name, []).append(_value(raw, field.type))
    else:
        value = _value(raw, field.type)
        if field.name == INLINE:
            made.update(value)
        elif field.pointer or value not in ("", 0, False, {}, None):
            made[field.name] = value


def _entry(raw: int | bytes, kind: str) -> tuple[str, Any]:
    """A map's entry: a message with key 1 and value 2."""
    parts = dict(_wire(raw)) if isinstance(raw, bytes) else {}
    return str(_value(parts.get(1, b""), "str")), _value(parts.get(2, b""), kind)


def _value(raw: int | bytes, kind: str) -> Any:
    if isinstance(raw, int):
        signed = raw - (1 << 64) if raw >= 1 << 63 else raw
        return bool(raw) if kind == "bool" else signed
    if kind == "str":
        return raw.decode("utf-8", "replace")
    if kind == "bytes":
        return base64.b64encode(raw).decode()
    made = _message(raw, kind)
    return _SPECIAL[kind](made) if kind in _SPECIAL else made


def _int_or_string(made: dict[str, Any]) -> Any:
    return made.get("strVal", "") if made.get("type") else made.get("intVal", 0)


def _time(made: dict[str, Any]) -> str | None:
    """Go's zero time lies before the epoch."""
    seconds = made.get("seconds", 0)
    return timestamp(seconds) if seconds > 0 else None


_SPECIAL: Final = {"IntOrString": _int_or_string, "Time": _time}


def _wire(data: bytes) -> Wire:
    """(field number, varint or bytes) pairs of a message; 400 where it ends in the middle of one."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == _BYTES:
            length, at = _varint(data, at)
        elif wire in _FIXED:
            length = _FIXED[wire]
        else:
            raise bad_request("the protobuf body cannot be read")
        if at + length > len(data):
            raise bad_request("the protobuf body ends too early")
        yield number, data[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift, byte in enumerate(data[at : at + _MAX_VARINT]):
        value |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return value, at + shift + 1
    raise bad_request("the protobuf body ends too early")
