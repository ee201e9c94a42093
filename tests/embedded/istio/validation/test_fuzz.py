"""Whatever has the right shape gets a verdict, never a traceback; and whatever has a wrong value is seen by someone."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from meshtutor.embedded.apiserver.schema.checking import check as check_shape
from meshtutor.embedded.crds import crd
from meshtutor.embedded.crds.definitions import spec_type, types
from meshtutor.embedded.crds.notation import FieldType, ObjectType
from meshtutor.embedded.istio.validation import kinds as validation
from meshtutor.embedded.istio.validation import references, unsupported
from meshtutor.kube import kinds

WORDS = st.sampled_from(
    ["", "*", "reviews", "reviews.default", "*.example.com", "a/b", "./*", "v1", "1.2.3.4", "10.0.0.0/8", "unix:///a",
     "3s", "0s", "-1h", "1.5", "GET", "HTTP", "mesh", "[a", "(?=x)", "%", "%REQ(a)%", "@request.auth.claims.sub",
     ":path", "5xx,503", "/{*}/a", "source.ip", "europe/*", "{}", '{"keys": [{}]}', "127.0.0.1:80", "a:b:c", "\u00e4",
     "x" * 300]
)  # fmt: skip
NUMBERS = st.sampled_from([0, 1, 50, 80, 100, 101, 65536, 2**31 - 1])


def value(type_: FieldType, depth: int) -> SearchStrategy[Any]:
    if type_.form == "enum":
        return st.sampled_from(type_.names)
    if type_.form == "array" and type_.item:
        return st.lists(value(type_.item, depth), max_size=2)
    if type_.form == "map" and type_.item:
        return st.dictionaries(WORDS, value(type_.item, depth), max_size=2)
    if type_.form == "bool":
        return st.booleans()
    if type_.form in ("int32", "uint32", "uint64", "double"):
        return NUMBERS if type_.form != "int32" else NUMBERS | st.just(-1)
    if type_.form == "any":
        return st.just({"x": 1})
    return obj(types()[type_.form], depth - 1) if type_.form in types() else WORDS


def obj(type_: ObjectType, depth: int) -> SearchStrategy[dict[str, Any]]:
    fields = {
        name: value(field.type, depth) for name, field in type_.fields.items() if depth > 0 or field.required
    }
    return st.fixed_dictionaries({}, optional=fields)


OBJECTS = st.one_of(
    *(
        st.builds(
            lambda spec, kind=kind: {
                "apiVersion": kind.api_version,
                "kind": kind.kind,
                "metadata": {"name": "x", "namespace": "default"},
                "spec": spec,
            },
            obj(spec_type(kind), 6),
        )
        for kind in kinds.RULES
    )
)
NOBODY = references.World({"reviews.default.svc.cluster.local": (9080, 80)})
SCHEMAS = {k: crd(k)["spec"]["versions"][0]["schema"]["openAPIV3Schema"] for k in kinds.RULES}


@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(OBJECTS)
def test_every_object_of_the_right_shape_gets_a_verdict(found: dict[str, Any]):
    if check_shape(found, SCHEMAS[kinds.kind_of(found)]):
        return
    for problem in [*validation.check(found), *unsupported.check(found), *references.check(found, NOBODY)]:
        assert problem.path
        assert problem.message
        assert problem.severity in ("error", "warning")
