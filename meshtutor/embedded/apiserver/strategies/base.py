"""The interface of a strategy, with what holds for every kind.

Named after apiserver's rest.RESTCreateStrategy and RESTUpdateStrategy (staging/src/k8s.io/apiserver/pkg/registry/rest).
"""

from __future__ import annotations

from collections.abc import Callable

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.statuses import FieldError
from meshtutor.embedded.apiserver.strategies import names


class Strategy:
    """Does nothing by itself; all methods work on an object that is not in the store yet."""

    name_error: Callable[[str], str] = staticmethod(names.subdomain_error)
    """What is wrong with a name, or ""."""
    keeps_status = False
    """Whether a create may bring a status along (a kubelet registers its Node with one)."""

    def default(self, obj: Object) -> None:
        """Fill what the author left out, on create and on update."""

    def prepare_create(self, obj: Object) -> None:
        """Set or reset what the server owns."""

    def prepare_update(self, obj: Object, old: Object) -> None:
        """Carry over what the server owns."""

    def validate(self, obj: Object) -> list[FieldError]:  # noqa: ARG002 - an interface
        """What is wrong with the object itself."""
        return []

    def validate_update(self, obj: Object, old: Object) -> list[FieldError]:  # noqa: ARG002
        """What is wrong with the change."""
        return []
