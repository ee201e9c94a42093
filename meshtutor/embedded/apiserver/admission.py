"""Admission: what may change or refuse an object on its way into the store.

Mutators run in their order on the defaulted object and change `request.object` in place (the sidecar's injection is
one). Then the object is validated; then validators run, which answer with warnings and raise InvalidError to refuse.
The order is Kubernetes' own: defaults, mutating admission, schema, strategy's checks, validating admission.

Left out: webhooks over HTTP. MutatingWebhookConfiguration objects are stored because istiod reads them; none is called.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from meshtutor.embedded.api import Object
from meshtutor.kube.kinds import Kind

Operation = Literal["CREATE", "UPDATE", "DELETE"]


@dataclass
class Request:
    """What is about to be written.

    `namespace_object` is the Namespace the object lives in (None for cluster-scoped kinds); `old_object` is None on
    CREATE; on DELETE `object` is what goes. With `dry_run` nothing may be done outside the request. `version` is the
    API version that was asked for; "" is the kind's own.
    """

    kind: Kind
    operation: Operation
    object: Object
    old_object: Object | None = None
    namespace_object: Object | None = None
    dry_run: bool = False
    version: str = ""


Mutator = Callable[[Request], Awaitable[None] | None]
Validator = Callable[[Request], list[str]]


async def mutate(mutators: Iterable[Mutator], request: Request) -> None:
    """Run the mutators in their order."""
    for mutator in mutators:
        answer = mutator(request)
        if inspect.isawaitable(answer):
            await answer


def validate(validators: Iterable[Validator], request: Request) -> list[str]:
    """Run the validators in their order; their warnings together."""
    return [warning for validator in validators for warning in validator(request)]
