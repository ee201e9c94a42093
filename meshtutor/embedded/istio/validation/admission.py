"""Validation as the API server's validators: errors refuse an object, warnings travel in the answer.

`validate` needs nothing but the object. `references` also looks at the other objects; it only ever warns, since in
Istio a rule may be applied before what it names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from meshtutor.embedded.apiserver.admission import Request, Validator
from meshtutor.embedded.apiserver.statuses import FieldError, invalid
from meshtutor.embedded.istio.validation import certificates, kinds, providers, references, unsupported
from meshtutor.embedded.istio.validation.problem import Problem, Problems
from meshtutor.kube import objects
from meshtutor.kube.kinds import RULES, SECRET, TELEMETRY, Kind

_RULES: Final = frozenset(kind.resource for kind in RULES)
_REFERRING: Final = frozenset(kind.resource for kind in references.CONCERNED)
Lister = Callable[[Kind], Iterable[dict[str, Any]]]


def validate(request: Request) -> list[str]:
    """Refuse what Istio's webhook refuses (InvalidError, each cause with its path); the rest as warnings."""
    if request.kind == SECRET and request.operation != "DELETE":
        return [str(problem) for problem in certificates.check(request.object)]
    if request.kind.resource not in _RULES or request.operation == "DELETE":
        return []
    problems = [*kinds.check(request.object), *unsupported.check(request.object)]
    if errors := [_cause(problem) for problem in problems if problem.severity == "error"]:
        raise invalid(request.kind, objects.name(request.object), errors)
    return [str(problem) for problem in problems]


def references_validator(lister: Lister) -> Validator:
    """A validator that warns of names that nothing bears; `lister` gives all objects of a kind as they are now."""

    def warn(request: Request) -> list[str]:
        if request.kind.resource not in _REFERRING or request.operation == "DELETE":
            return []
        world = references.World.of(lister)
        found = [*references.check(request.object, world), *_beyond_the_lab(request, world)]
        return [str(problem) for problem in found]

    return warn


def _beyond_the_lab(request: Request, world: references.World) -> Problems:
    if request.kind.resource == TELEMETRY.resource:
        yield from providers.beyond_the_lab(request.object, world.mesh)


def _cause(problem: Problem) -> FieldError:
    hint = f" ({problem.hint})" if problem.hint else ""
    return FieldError(problem.path, "FieldValueInvalid", f"{problem.message}{hint}")
