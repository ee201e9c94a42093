"""Protobuf bodies: read by number, refused where they are cut short or of an unknown kind."""

from __future__ import annotations

import contextlib

import pytest

from meshtutor.embedded.apiserver.http.protobuf import MAGIC, decode
from meshtutor.embedded.apiserver.http.protobuf_fields import MESSAGES
from meshtutor.errors import ApiStatusError


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def envelope(api_version: bytes, kind: bytes, raw: bytes) -> bytes:
    about = field(1, api_version) + field(2, kind)
    return MAGIC + field(1, about) + field(2, raw) + field(3, b"") + field(4, b"")


def entry(key: bytes, value: bytes) -> bytes:
    return field(1, key) + field(2, value)


META = field(1, b"name") + field(2, b"") + field(3, b"default") + field(8, b"") + field(11, entry(b"a", b"b"))


def test_strings_maps_and_bytes() -> None:
    raw = field(1, META) + field(2, entry(b"k", b"\x00\xff")) + field(3, b"Opaque")
    assert decode(envelope(b"v1", b"Secret", raw)) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "name", "namespace": "default", "labels": {"a": "b"}},
        "data": {"k": "AP8="},
        "type": "Opaque",
    }


@pytest.mark.parametrize(
    ("replicas", "expected"), [(0, {"replicas": 0}), (300, {"replicas": 300}), (None, {})]
)
def test_the_zero_of_a_pointer_is_kept(replicas: int | None, expected: dict[str, int]) -> None:
    spec = b"" if replicas is None else field(1, replicas)
    made = decode(envelope(b"apps/v1", b"Deployment", field(1, META) + field(2, spec)))
    assert made.get("spec", {}) == expected


def test_int_or_string() -> None:
    def port(target: bytes) -> object:
        raw = field(2, field(1, field(3, 80) + field(4, target)))
        return decode(envelope(b"v1", b"Service", raw))["spec"]["ports"][0]["targetPort"]

    assert port(field(1, 0) + field(2, 8080) + field(3, b"")) == 8080
    assert port(field(1, 1) + field(2, 0) + field(3, b"http")) == "http"


def test_fields_that_are_not_known_are_skipped() -> None:
    raw = field(1, META) + field(99, b"x") + varint(98 << 3 | 5) + b"1234" + varint(97 << 3 | 1) + b"12345678"
    assert set(decode(envelope(b"v1", b"Namespace", raw))) == {"apiVersion", "kind", "metadata"}


def test_another_kind_is_refused_by_name() -> None:
    with pytest.raises(ApiStatusError, match="Gizmo cannot be read as protobuf") as refused:
        decode(envelope(b"v1", b"Gizmo", b""))
    assert refused.value.code == 415


def test_whatever_is_cut_off_the_end_is_a_400_and_never_a_crash() -> None:
    whole = envelope(b"v1", b"ConfigMap", field(1, META) + field(2, entry(b"k", b"v")))
    for length in range(len(whole)):
        with contextlib.suppress(ApiStatusError):
            decode(whole[:length])


def test_every_message_that_is_referred_to_is_in_the_table() -> None:
    plain = {"str", "int", "bool", "bytes"}
    types = {field.type for fields in MESSAGES.values() for field in fields.values()}
    assert types - plain <= set(MESSAGES)
