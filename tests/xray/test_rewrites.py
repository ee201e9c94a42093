"""What regular expressions make of paths: known answers of RE2, and random rewrites against what a sidecar does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import pytest_asyncio
import re2
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from yarl import URL

from meshtutor.xray import Call, walk
from meshtutor.xray.rewrites import replaced
from tests.embedded.istio.support import objects as make
from tests.embedded.istio.support.mesh import Mesh, running

PATHS = ("/", "/a", "/ab/12", "/AB/aab", "/b/b/b?a=b", "/aaa//b1", "/a%2Fb/x.y", "/reviews/10?beta=1", "/ba/")
RULES = 25


@pytest.mark.parametrize(
    ("pattern", "substitution", "path", "expected"),
    [
        (r"^/a(\pN+)", r"/w\1", "/a12/x", "/w12/x"),
        (r"^/A(?i)b", "/w", "/AB/x", "/w/x"),
        (r"^/a", r"/w\0", "/a/x", "/w/a/x"),
        (r"^/(a)(b)", r"/\2\1\\", "/ab", r"/ba" + "\\"),
        ("(x)|a", r"<\1>", "/ax", "/<><x>"),
        ("a*", "-", "/baaac", "-/-b-c-"),
        ("$", "/end", "/a", "/a/end"),
        (r"\bb", "-", "/ab/b", "/ab/-"),
        ("^/(a)", r"/\10", "/a", "/a0"),
    ],
)
def test_a_rewrite_is_re2s(pattern, substitution, path, expected):
    assert replaced(pattern, substitution, path) == expected


def _compiles(pattern: str) -> bool:
    try:
        return bool(re2.compile(pattern))
    except re2.error:
        return False


atoms = st.sampled_from(
    ["a", "b", "/", "x", "[a-z]", "[^/]", ".", r"\w", r"\d", r"\pL", r"\pN", r"\.", "(?i)A", "^", "$", r"\b", "%2F"]
)  # fmt: skip
counts = st.sampled_from(["", "", "*", "+", "?", "*?", "{1,2}"])
pieces = st.builds(lambda atom, count: atom + count, atoms, counts)
runs = st.lists(pieces, min_size=1, max_size=4).map("".join)
patterns = st.one_of(
    runs,
    st.builds(lambda some, other: f"^/{some}({other})", runs, runs),
    st.builds(lambda some, other: f"({some})({other})", runs, runs),
    st.builds(lambda some, other: f"({some})|{other}", runs, runs),
    st.builds(lambda some, other: f"(?i:{some})(?P<name>{other})?", runs, runs),
).filter(_compiles)  # fmt: skip


@st.composite
def rewrites(draw: st.DrawFn) -> dict[str, str]:
    pattern = draw(patterns)
    signs = ["/", "w", "-", "\\\\", *(f"\\{number}" for number in range(re2.compile(pattern).groups + 1))]
    return {
        "match": pattern,
        "rewrite": "".join(draw(st.lists(st.sampled_from(signs), min_size=1, max_size=4))),
    }


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory):
    async with running(tmp_path_factory.mktemp("rewrites")) as mesh:
        mesh.client = await mesh.pod("client")
        bare = await mesh.pod("reviews", sidecar=False)  # a second sidecar would make the path usual again
        service = make.service("reviews")
        await mesh.apply(service, make.endpoint_slice(service, bare))
        await mesh.until_ready(mesh.client)
        yield mesh


@pytest.mark.asyncio(loop_scope="module")
@settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(found=st.lists(rewrites(), min_size=RULES, max_size=RULES))
async def test_the_walk_says_the_path_that_the_app_sees(mesh: Mesh, found):
    report = await mesh.apply(_service(found))
    assert all(proxy["state"] == "ACK" for proxy in report["proxies"]), report
    dump = await mesh.config_dump(mesh.client)
    compared = 0
    for number, rewrite in enumerate(found):
        asked = {"x-rule": str(number)}
        told = {path: walk(dump, Call("reviews", 9080, path, headers=asked)).path for path in PATHS}
        usual = [path for path in PATHS if told[path].startswith("/")]  # others no server understands
        seen = await asyncio.gather(*(_seen(mesh, path, asked) for path in usual))
        for path, found_there in zip(usual, seen, strict=True):
            assert found_there == told[path], f"{path} by {rewrite}"
        compared += len(usual)
    assert compared > RULES * len(PATHS) / 2


def _service(found: list[dict[str, str]]) -> dict[str, Any]:
    """A rule for each rewrite, chosen by a header."""
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "reviews", "namespace": "default"},
        "spec": {"hosts": ["reviews"], "http": [
            {"match": [{"headers": {"x-rule": {"exact": str(number)}}}],
             "rewrite": {"uriRegexRewrite": rewrite}, "route": [{"destination": {"host": "reviews"}}]}
            for number, rewrite in enumerate(found)]},
    }  # fmt: skip


async def _seen(mesh: Mesh, path: str, headers: dict[str, str]) -> str:
    """The path as the app saw it, with the query, nothing decoded."""
    asked = URL(f"http://reviews:9080{path}", encoded=True)
    answer = await mesh.get(asked, mesh.client, headers={**headers, "x-path": path})
    assert answer.status == 200, answer
    mine = {**headers, "x-path": path}
    return next(one.raw_path for one in reversed(mesh.seen) if mine.items() <= _lower(one.headers).items())


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
