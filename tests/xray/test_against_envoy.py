"""Random rules and random requests: the walk through a sidecar's configuration against what that sidecar does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import meshtutor as mt
from meshtutor.xray import Call, Result, walk
from tests.mesh.situations import SUBSETS

PATHS = ("/reviews/0", "/reviews/10", "/REVIEWS/0", "/x/reviews/0", "/reviews/0?beta=1", "/reviews?beta=2")
HEADERS = {"end-user": ("jason", "Jason", "xjason", "jas", ""), "x-canary": ("true", "1", "untrue")}
METHODS = ("GET", "POST", "DELETE")
VERSIONS = ("v1", "v2", "v3")
REQUESTS = 15


def text_matches(*values: str) -> st.SearchStrategy[dict[str, str]]:
    """A StringMatch about one of the values, or the beginning of one."""
    value = st.sampled_from(values)
    return st.one_of(
        st.builds(lambda v: {"exact": v}, value),
        st.builds(lambda v, n: {"prefix": v[: n + 1]}, value, st.integers(0, 8)),
        st.builds(lambda v: {"regex": v[:-1] + "."}, value),
    )


conditions = st.fixed_dictionaries({}, optional={
    "uri": text_matches("/reviews/0", "/reviews", "/REVIEWS/0"),
    "ignoreUriCase": st.just(True),
    "method": st.builds(lambda m: {"exact": m}, st.sampled_from(METHODS)),
    "headers": st.dictionaries(st.sampled_from(sorted(HEADERS)), text_matches("jason", "true"), min_size=1),
    "withoutHeaders": st.fixed_dictionaries({"x-canary": st.one_of(st.just({}), text_matches("true"))}),
    "queryParams": st.fixed_dictionaries({"beta": text_matches("1", "2")}),
}).filter(lambda match: 0 < len(match) < 4)  # fmt: skip


@st.composite
def destinations(draw: st.DrawFn) -> list[dict[str, Any]]:
    chosen = draw(st.lists(st.sampled_from(VERSIONS), min_size=1, max_size=3, unique=True))
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=len(chosen) - 1, max_size=len(chosen) - 1)))
    weights = [after - before for before, after in zip([0, *cuts], [*cuts, 100], strict=True)]
    return [{"destination": {"host": "reviews", "subset": version}, "weight": weight}
            for version, weight in zip(chosen, weights, strict=True)]  # fmt: skip


rules = st.fixed_dictionaries(
    {"match": st.lists(conditions, min_size=1, max_size=3), "route": destinations()}
)
endings = st.one_of(st.just([]), st.builds(lambda route: [{"route": route}], destinations()))
requests = st.tuples(
    st.sampled_from(PATHS),
    st.sampled_from(METHODS),
    st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in HEADERS.items()}),
)


@pytest.fixture(scope="module")
def mesh(lab):
    with mt.connect() as connected:
        connected.reset()
        connected.apply(SUBSETS)
        yield connected
        connected.reset()


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    http=st.builds(lambda some, end: [*some, *end], st.lists(rules, min_size=1, max_size=4), endings),
    asked=st.lists(requests, min_size=REQUESTS, max_size=REQUESTS),
)
def test_the_walk_leads_where_the_sidecar_leads(mesh, http, asked):
    mesh.apply({
        "apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": "reviews"},
        "spec": {"hosts": ["reviews"], "http": http},
    })  # fmt: skip
    dump = mesh.provider.config_dump(mesh.pod("client"))
    for path, method, headers in asked:
        told = walk(dump, Call("reviews", 9080, path, method, headers))
        (sent,) = mesh.send("reviews", n=1, path=path, method=method, headers=headers)
        assert _agree(told, sent), f"{method} {path} {headers}\nsaid: {told}\ndid: {sent}\nrules: {http}"


def _agree(told: Result, sent: Any) -> bool:
    if told.error:
        return sent.status == told.status and not sent.version
    possible = {target.cluster.split("|")[2] for target in told.targets if target.share > 0}
    return sent.version in possible
