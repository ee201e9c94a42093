"""The grammar of CEL, so that an expression that no proxy could compile is refused when it is applied.

Source: cel-spec, doc/langdef.md ("Syntax"). Istio parses a log filter's expression too (validateTelemetryFilter); the
rest it leaves to Envoy, which refuses a whole listener over a function that it does not know. `FUNCTIONS` are those of
a stock Envoy 1.40: no conversion to string, no comprehensions (`exists`, `map`). What an attribute is called is not
checked, as an unknown one just has no value; but for those that only Istio's own proxy has.

Left out, and so refused: messages (`Foo{a: 1}`), comments, names that begin with a dot, the `re` functions.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from meshtutor.embedded.istio.validation.values import expression as regex_complaint

_METHOD, _PLAIN = "method", "plain"
FUNCTIONS: Final[dict[str, tuple[frozenset[str], frozenset[int]]]] = {
    **dict.fromkeys(
        ("contains", "startsWith", "endsWith"), (frozenset({_METHOD, _PLAIN}), frozenset({2}))
    ),
    "matches": (frozenset({_METHOD}), frozenset({2})),
    "size": (frozenset({_METHOD, _PLAIN}), frozenset({1})),
    **dict.fromkeys(
        ("bool", "bytes", "double", "duration", "dyn", "has", "int", "timestamp", "type", "uint"),
        (frozenset({_PLAIN}), frozenset({1})),
    ),
    **dict.fromkeys(
        ("getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear", "getHours", "getMilliseconds",
         "getMinutes", "getMonth", "getSeconds"),
        (frozenset({_METHOD}), frozenset({1, 2})),
    ),
}  # fmt: skip
"""Name -> how it may be called, `x.f(y)` or `f(x, y)`, and with how many values (x is one of them)."""
ONLY_ISTIO: Final = frozenset({"upstream_peer", "downstream_peer"})
"""Attributes that come from Istio's metadata exchange filter."""
_ESCAPE: Final = r"""\\(?:[abfnrtv\\?"'`]|[xX][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})"""
_TOKENS: Final = re.compile(
    rf"""\s*(?:
      (?P<string>[bB]?[rR](?:"[^"\n]*"|'[^'\n]*') | [bB]?(?:"(?:{_ESCAPE}|[^"\\\n])*"|'(?:{_ESCAPE}|[^'\\\n])*'))
    | (?P<number>0[xX][0-9a-fA-F]{{1,15}}[uU]?|\d*\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\d{{1,18}}[uU]?)(?!\w)
    | (?P<name>[A-Za-z_]\w*)
    | (?P<sign>\|\||&&|<=|>=|==|!=|[-+*/%<>!?:.,()\[\]{{}}])
    | (?P<end>\Z))""",
    re.VERBOSE,
)
_RESERVED: Final = frozenset({
    "as", "break", "const", "continue", "else", "for", "function", "if", "import", "in", "let", "loop", "package",
    "namespace", "return", "var", "void", "while",
})  # fmt: skip
_LEVELS: Final = (("||",), ("&&",), ("<", "<=", ">", ">=", "==", "!=", "in"), ("+", "-"), ("*", "/", "%"))
_DEEPEST: Final = 16
"""Envoy's parser gives up at 32 of its own steps, some of which are two of these."""


def complaint(expression: str) -> str:
    """Why an expression cannot be compiled by the proxies, or ""."""
    try:
        _Parser(expression).whole()
    except _SyntaxError as error:
        return str(error)
    return ""


class _SyntaxError(Exception):
    """Where an expression is wrong."""


class _Parser:
    """Recursive descent; it knows no more of an expression than whether it is one."""

    def __init__(self, text: str) -> None:
        self._text, self._position, self._depth, self._before = text, 0, 0, 0
        self._kind = self._token = ""
        self._selects = False
        """Whether what was read last is a field of something."""
        self._next()

    def whole(self) -> None:
        if self._kind == "end":
            raise _SyntaxError("the expression is empty")
        self._expression()
        if self._kind != "end":
            self._fail("an operator or the end")

    # -- tokens

    def _next(self) -> str:
        taken, self._before = self._token, self._position
        found = _TOKENS.match(self._text, self._position)
        if found is None:
            rest = self._text[self._position :].strip()
            raise _SyntaxError(f"column {self._position + 1}: {rest[:12]!r} is no part of CEL")
        self._kind = str(found.lastgroup)
        self._token, self._position = found.group(self._kind), found.end()
        return taken

    def _fail(self, expected: str) -> None:
        column = self._position - len(self._token) + 1
        found = repr(self._token) if self._token else "the end"
        raise _SyntaxError(f"column {column}: expected {expected}, found {found}")

    def _take(self, sign: str) -> None:
        if not self._is(sign):
            self._fail(repr(sign))
        self._next()

    def _is(self, *signs: str) -> bool:
        return self._kind in ("sign", "name") and self._token in signs

    # -- expressions

    def _expression(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _SyntaxError(f"it is nested deeper than {_DEEPEST} times")
        self._binary(0)
        if self._is("?"):
            self._next()
            self._binary(0)
            self._take(":")
            self._expression()
        self._depth -= 1

    def _binary(self, level: int) -> None:
        below: Callable[[], Any] = self._unary
        if level + 1 < len(_LEVELS):
            below = lambda: self._binary(level + 1)  # noqa: E731
        below()
        while self._is(*_LEVELS[level]):
            self._next()
            below()
            self._selects = False

    def _unary(self) -> None:
        negated = False
        while self._is("!", "-"):
            negated = bool(self._next())
        self._primary()
        while self._is(".", "["):
            if self._next() == "[":
                self._expression()
                self._take("]")
                self._selects = False
            else:
                self._name(_METHOD)
        self._selects = self._selects and not negated

    def _primary(self) -> None:
        if self._kind in ("string", "number"):
            self._next()
        elif self._is("("):
            self._next()
            self._expression()
            self._take(")")
        elif self._is("[", "{"):
            opening = self._next()
            item = self._expression if opening == "[" else self._pair
            self._listed("]" if opening == "[" else "}", item)
        elif self._kind == "name" and self._token not in _RESERVED:
            self._name(_PLAIN)
            return
        else:
            self._fail("a value")
        self._selects = False

    def _name(self, how: str) -> None:
        if self._kind != "name" or self._token in _RESERVED:
            self._fail("a name")
        if self._token in ONLY_ISTIO:
            raise _SyntaxError(
                f"{self._token} is an attribute of Istio's own proxy, which a stock Envoy lacks"
            )
        name = self._next()
        if self._is("("):
            self._call(name, how)
        else:
            self._selects = how == _METHOD

    def _call(self, name: str, how: str) -> None:
        ways, counts = FUNCTIONS.get(name, (frozenset(), frozenset()))
        if how not in ways:
            known = ", ".join(sorted(one for one, (allowed, _) in FUNCTIONS.items() if how in allowed))
            raise _SyntaxError(f"Envoy has no {how} {name}(); it has {known}")
        self._next()
        began = self._position - len(self._token)
        count = self._listed(")", self._expression) + (how == _METHOD)
        if count not in counts:
            raise _SyntaxError(f"{name}() does not take {count} values")
        if name == "has" and not self._selects:
            raise _SyntaxError("has() asks for a field, as in has(request.headers)")
        if name == "matches":
            self._pattern(self._text[began : self._text.rindex(")", began, self._before)])
        self._selects = False

    def _pattern(self, argument: str) -> None:
        """Envoy compiles a regular expression that is written out when it gets the configuration."""
        found = _TOKENS.fullmatch(argument.strip())
        if found is None or found.lastgroup != "string":
            return
        literal = found.group("string")
        text = literal[2:-1] if literal[0] in "rR" else literal[1:-1].replace("\\\\", "\\")
        if wrong := regex_complaint(text):
            raise _SyntaxError(wrong)

    def _pair(self) -> None:
        self._expression()
        self._take(":")
        self._expression()

    def _listed(self, closing: str, item: Callable[[], None]) -> int:
        """Read items up to the closing sign; how many there were."""
        count = 0
        while not self._is(closing):
            item()
            count += 1
            if not self._is(","):
                break
            self._next()
        self._take(closing)
        return count
