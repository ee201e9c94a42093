"""Istio objects that somebody could have written: sound ones from the tables, changed at random places by their schema.

Values are mostly plausible for the field's name, and now and then absurd, so that many mutants pass validation and many
of those stand at its edge.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

from meshtutor.embedded.crds.definitions import spec_type, types
from meshtutor.embedded.crds.notation import FieldType, ObjectType
from meshtutor.kube.kinds import ISTIO, kind_of

Object = dict[str, Any]
ABSURD = [
    "",
    "*",
    "a b",
    "[a",
    "(?=x)",
    "%",
    "%REQ(a)%",
    "{*}",
    ":path",
    "-1",
    "\u00e4",
    "x" * 300,
    "a/b/c",
    "\n",
    "0",
]
HOSTS = ["reviews", "ratings", "reviews.default.svc.cluster.local", "*.example.com", "example.com", "nobody", "*",
         "reviews.other.svc.cluster.local", "10.0.0.1"]  # fmt: skip
DURATIONS = ["1s", "0.25s", "1h", "10ms", "0s", "1000h", "100us", "315576000000s"]
PATHS = ["/", "/reviews", "/reviews/0", "/a//b", "/a?b=c", "/{x}/*", "reviews", "/%20", "/\u00e4"]
WORDS = {
    "sniHosts": [*HOSTS, "a.example.com", "*a.example.com"],
    "host": HOSTS, "hosts": HOSTS, "authority": HOSTS, "sni": HOSTS, "subset": ["v1", "v2", "v9", ""],
    "exact": [*PATHS, "jason", "GET"], "prefix": [*PATHS, "jas"], "uri": PATHS, "path": PATHS,
    "regex": ["/reviews/.*", ".*", "[0-9]+", "a{1,1000}", "(a|b)*c", "\\d+", "(?i)a", "^a$"],
    "rewrite": ["\\1", "/x\\1", "\\9", "$1", "/"], "match": ["/reviews/(.*)", "(", "a(b)(c)"],
    "retryOn": ["5xx", "503", "connect-failure,refused-stream", "gateway-error,503", "retriable-headers", "x"],
    "gateways": ["mesh", "web", "default/web", "other/web"], "exportTo": [".", "*", "other", "~"],
    "protocol": ["HTTP", "HTTPS", "TCP", "GRPC", "HTTP2", "TLS", "http"], "scheme": ["http", "https", "ftp"],
    "mode": ["DISABLE", "ISTIO_MUTUAL", "SIMPLE", "MUTUAL", "PASSTHROUGH"], "string": ["hello", "x" * 5000],
    "from": ["europe/*", "europe/europe-1/*", "*", "brazil"], "to": ["europe/*", "brazil"],
    "name": ["a", "web-1", "A b"], "locality": ["europe/europe-1", "brazil", "a/b/c/d", "", "//"],
    "address": ["10.9.9.1", "localhost", "::1", "unix:///a", "machine.test", "*.test", "10.0.0.0/8"],
    "addresses": ["10.9.9.2", "10.0.0.1", "::2", "10.9.0.0/16", "localhost"],
}  # fmt: skip
NUMBERS = [0, 1, 2, 5, 50, 80, 99, 100, 200, 301, 404, 503, 599, 9080, 65535, 65536, 2**31 - 1, 2**32 - 1]


def mutant(seed: Object, rng: random.Random) -> Object:
    """A copy of an object with one to three changes somewhere in its spec."""
    made = copy.deepcopy(seed)
    kind = kind_of(made, ISTIO)
    assert kind is not None
    for _ in range(rng.choice((1, 1, 2, 3))):
        node, type_ = rng.choice(list(_nodes(made.get("spec") or {}, spec_type(kind))))
        _change(node, type_, rng)
    return made


def _nodes(value: Any, type_: ObjectType) -> Iterator[tuple[dict[str, Any], ObjectType]]:
    """Every object within a spec, with its type."""
    yield value, type_
    for name, inner in value.items():
        if name in type_.fields:
            yield from _within(inner, type_.fields[name].type)


def _within(value: Any, type_: FieldType) -> Iterator[tuple[dict[str, Any], ObjectType]]:
    if type_.item:
        values = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        for each in values:
            yield from _within(each, type_.item)
    elif type_.form in types() and isinstance(value, dict):
        yield from _nodes(value, types()[type_.form])


def _change(node: dict[str, Any], type_: ObjectType, rng: random.Random) -> None:
    what = rng.random()
    if what < 0.15 and node:
        del node[rng.choice(list(node))]
    elif what < 0.25 and (
        lists := [name for name, value in node.items() if isinstance(value, list) and value]
    ):
        name = rng.choice(lists)
        node[name].insert(rng.randint(0, len(node[name])), copy.deepcopy(rng.choice(node[name])))
    elif type_.fields:
        field = type_.fields[rng.choice(list(type_.fields))]
        node[field.name] = grown(field.type, field.name, rng, 3)


def grown(type_: FieldType, name: str, rng: random.Random, depth: int) -> Any:
    """A value of a type; `name` is the field's, and says what would be plausible."""
    if type_.form == "enum":
        return rng.choice(type_.names)
    if type_.form == "array" and type_.item:
        return [grown(type_.item, name, rng, depth) for _ in range(rng.choice((0, 1, 1, 2)))]
    if type_.form == "map" and type_.item:
        keys = rng.sample(
            ["end-user", "x-a", "version", "app", "http", "", ":authority", "Host"], rng.choice((0, 1, 1, 2))
        )
        return {key: grown(type_.item, name, rng, depth) for key in keys}
    if type_.form in types():
        return _grown_object(types()[type_.form], rng, depth - 1)
    return _scalar(type_.form, name, rng)


def _grown_object(type_: ObjectType, rng: random.Random, depth: int) -> Object:
    optional = [field for field in type_.fields.values() if not field.required]
    chosen = rng.sample(optional, min(len(optional), rng.choice((0, 1, 1, 2, 3)))) if depth > 0 else []
    fields = [*(field for field in type_.fields.values() if field.required), *chosen]
    return {field.name: grown(field.type, field.name, rng, depth) for field in fields}


def _scalar(form: str, name: str, rng: random.Random) -> Any:
    if form == "bool":
        return rng.random() < 0.5
    if form in ("int32", "uint32", "uint64", "double"):
        return rng.choice(
            [*NUMBERS, -1] if form == "int32" else [*NUMBERS, 0.5] if form == "double" else NUMBERS
        )
    if form == "any":
        return {"x": 1}
    if form == "duration":
        return rng.choice(DURATIONS)
    words = WORDS.get(name, ["a", "reviews", "v1", "x-a"])
    return rng.choice(ABSURD) if rng.random() < 0.08 else rng.choice(words)
