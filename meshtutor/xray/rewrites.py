r"""The path that a route makes of a request's: a whole one, another prefix, or what an expression replaces.

Expressions are RE2's, and so is what stands for them (source: RE2::GlobalReplace, which Envoy's regex_rewrite calls):
every match is replaced, but an empty one right behind the match before; in the substitution `\0` is the whole match,
`\1` to `\9` are its groups, and `\\` is a backslash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import re2

Json = dict[str, Any]
_ESCAPED: Final = re.compile(r"\\([0-9\\])")


def rewritten(match: Json, action: Json, path: str) -> str:
    """The path that the endpoint sees; the query stays."""
    only, question, query = path.partition("?")
    if "regex_rewrite" in action:
        rewrite = action["regex_rewrite"]
        only = replaced(rewrite["pattern"]["regex"], rewrite.get("substitution", ""), only)
    elif "prefix_rewrite" in action:
        prefix = match.get("prefix") or match.get("path_separated_prefix") or only
        only = f"{action['prefix_rewrite']}{only[len(prefix) :]}"
    return f"{only}{question}{query}"


def replaced(pattern: str, substitution: str, text: str) -> str:
    """A text with every match of an expression replaced."""
    return "".join(_pieces(pattern, substitution, text))


def _pieces(pattern: str, substitution: str, text: str) -> Iterator[str]:
    end, first = 0, True
    for found in re2.finditer(pattern, text):
        if found.start() == found.end() == end and not first:
            continue
        yield text[end : found.start()]
        yield _filled(substitution, found)
        end, first = found.end(), False
    yield text[end:]


def _filled(substitution: str, found: Any) -> str:
    """A substitution with the groups of a match; a group that took no part is empty."""
    return _ESCAPED.sub(lambda sign: "\\" if sign[1] == "\\" else found[int(sign[1])] or "", substitution)
