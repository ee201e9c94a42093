"""Looking as far as one may: in a cluster that a class shares, not every list is allowed to everybody.

A kind that the cluster lacks has no objects, and neither has one that is hidden, where lessons go on without it.
"""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from meshtutor.errors import ApiStatusError, NotFoundError
from meshtutor.kube.client import KubeClient
from meshtutor.kube.kinds import OPTIONAL, Kind

Object = dict[str, Any]


def is_hidden(error: ApiStatusError) -> bool:
    """Whether a refusal says that this user may not."""
    return error.code == HTTPStatus.FORBIDDEN


def look(kube: KubeClient, kind: Kind, namespace: str = "") -> list[Object] | None:
    """The objects of a kind, everywhere or in a namespace; None where the API refuses, for whatever reason."""
    try:
        return kube.list(kind, namespace)
    except ApiStatusError:
        return None


def list_in(kube: KubeClient, kind: Kind, namespace: str, labels: str = "") -> list[Object]:
    """The objects of a kind in a namespace; none where the cluster lacks it, or hides an optional one."""
    try:
        return kube.list(kind, namespace, labels)
    except NotFoundError:  # not every cluster has every kind
        return []
    except ApiStatusError as error:
        if kind in OPTIONAL and is_hidden(error):
            return []
        raise


def list_everywhere(
    kube: KubeClient, kind: Kind, namespaces: Iterable[str], labels: str = ""
) -> tuple[list[Object], bool]:
    """All objects of a kind, and True; where the whole cluster is hidden, those of `namespaces`, and False."""
    try:
        return kube.list(kind, labels=labels), True
    except NotFoundError:
        return [], True
    except ApiStatusError as error:
        if not is_hidden(error):
            raise
    return [
        obj for place in dict.fromkeys(namespaces) for obj in list_if_shown(kube, kind, place, labels)
    ], False


def list_if_shown(kube: KubeClient, kind: Kind, namespace: str, labels: str = "") -> list[Object]:
    """The objects of a kind in a namespace; none where the cluster lacks or hides them."""
    if not kind.namespaced:
        return []
    try:
        return kube.list(kind, namespace, labels)
    except ApiStatusError as error:
        if is_hidden(error) or isinstance(error, NotFoundError):
            return []
        raise
