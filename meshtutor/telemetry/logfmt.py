"""Tags as text, in the form that Jaeger's search page takes: `http.status_code=503 error response_flags="UF,URX"`.

The form is logfmt (brandur.org/logfmt): words apart by spaces, a value in double quotes if it has spaces in it, and a
key without a value means `true` (Jaeger's page: SearchTracePage/SearchForm, convTagsLogfmt).
"""

from __future__ import annotations

import re
from typing import Final

from meshtutor.errors import MeshtutorError

_QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
_WORD: Final = re.compile(rf'\s*([^\s="]+)(?:=({_QUOTED}|[^\s"]*))?(?=\s|$)')


def parse(text: str) -> dict[str, str]:
    """Tags by their keys; MeshtutorError names the word that cannot be read."""
    found: dict[str, str] = {}
    rest = text.strip()
    while rest:
        word = _WORD.match(rest)
        if word is None:
            raise MeshtutorError(
                f"Tags: {rest.split()[0]!r} cannot be read, expected key=value.",
                'Several stand apart by spaces, for example http.status_code=503 user="Jane Doe"',
            )
        value = "true" if word[2] is None else word[2]
        found[word[1]] = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
        rest = rest[word.end() :].lstrip()
    return found
