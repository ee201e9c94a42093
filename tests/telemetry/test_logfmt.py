"""Tags as Jaeger's search page reads them."""

from __future__ import annotations

import pytest

from meshtutor.errors import MeshtutorError
from meshtutor.telemetry.logfmt import parse


@pytest.mark.parametrize(("text", "tags"), [
    ("", {}),
    ("   ", {}),
    ("http.status_code=503", {"http.status_code": "503"}),
    ("  http.method=GET   response_flags=UF,URX ", {"http.method": "GET", "response_flags": "UF,URX"}),
    ("error", {"error": "true"}),
    ("error http.method=GET", {"error": "true", "http.method": "GET"}),
    ('user="Jane Doe" note="she said \\"no\\""', {"user": "Jane Doe", "note": 'she said "no"'}),
    ('user="" node_id=', {"user": "", "node_id": ""}),
    ("http.url=http://reviews:9080/x?a=b", {"http.url": "http://reviews:9080/x?a=b"}),
])  # fmt: skip
def test_words_are_tags(text: str, tags: dict[str, str]):
    assert parse(text) == tags


@pytest.mark.parametrize(("text", "word"), [
    ("=503", "=503"), ('a=1 user="Jane', 'user="Jane'), ('a="x"y', 'a="x"y'),
])  # fmt: skip
def test_what_cannot_be_read_is_named(text: str, word: str):
    with pytest.raises(MeshtutorError, match="cannot be read") as refused:
        parse(text)
    assert repr(word) in str(refused.value)
