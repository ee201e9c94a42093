"""The grammar of expressions in CEL."""

from __future__ import annotations

import pytest

from meshtutor.embedded.istio.validation import cel

FINE = (
    "response.code >= 500 && request.url_path.matches('^/api/v[0-9]+')",
    "request.headers['x-tenant'] in ['acme', \"umbrella\"]",
    "has(request.headers.referer) ? size(request.referer) > 3 : !(connection.mtls)",
    "request.duration > duration('250ms') || int('7') % 2 == -1",
    "request.time.getHours('Europe/Madrid') < 6",
    "{'a': [1, 2u, 0x1F, 1.5e3, b'x', r'\\d', null][0]}['a'] != 3",
    "[" * 15 + "true" + "]" * 15,
)
REFUSED = (
    "response.code >=", "a b", "(a", "a.exists(x, x > 1)", "string(a)", "a.lowerAscii()", "foo(1)", "size(a, b)",
    "has(a)", "a.matches('[')", "'\\q'", "as", "a.in", "rb'x'", "9" * 30, "Foo{a: 1}", "a ? b", "getHours(a)",
    "(" * 40 + "a" + ")" * 40,
)  # fmt: skip


@pytest.mark.parametrize("expression", FINE)
def test_what_the_grammar_takes_is_taken(expression: str):
    assert cel.complaint(expression) == ""


@pytest.mark.parametrize("expression", [*REFUSED, "upstream_peer.app == 'x'", "", "matches(a, 'x')"])
def test_what_the_grammar_does_not_take_is_refused_with_a_reason(expression: str):
    assert cel.complaint(expression)
