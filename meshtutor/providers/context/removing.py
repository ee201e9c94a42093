"""The way back of `up --on context`: what is ours goes, and nothing else; listed once, for the dry run and the run."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from meshtutor.errors import NotFoundError, NotReadyError
from meshtutor.kube import kinds
from meshtutor.kube.client import KubeClient
from meshtutor.kube.kinds import Kind
from meshtutor.providers.context import ownership
from meshtutor.providers.context.writing import Write
from meshtutor.providers.records import Record
from meshtutor.providers.steps import Said
from meshtutor.providers.tools import command

Object = dict[str, Any]


@dataclass(frozen=True)
class Removal:
    """One command, and the objects that it removes."""

    write: Write
    names: tuple[str, ...]
    is_namespace: bool = False


def removals(kube: KubeClient, record: Record) -> list[Removal]:
    """The namespace if it is ours, else our objects in it, kind by kind; nothing where the namespace is gone."""
    found = _namespace(kube, record.namespace)
    if found is None:
        return []
    if (found["metadata"].get("labels") or {}).get(ownership.LABEL) == ownership.OURS:
        return [_of_namespace(kube, record)]
    ours = [obj for obj in ownership.contents(kube, record.namespace) if ownership.is_ours(obj)]
    return [_of_kind(kube, record, kind, list(some)) for kind, some in groupby(ours, kube.kind_of)]


def gone_already(kube: KubeClient, record: Record) -> list[str]:
    """What to say where nothing was left to remove."""
    if _namespace(kube, record.namespace) is None:
        return [f"namespace {record.namespace} (it was gone already)"]
    return []


def wait_gone(
    kube: KubeClient, namespace: str, said: Said, deadline: float, clock: Callable[[], float]
) -> None:
    """Until a deleted namespace has ended; NotReadyError at the deadline."""
    while _namespace(kube, namespace) is not None:
        said({"waiting": f"waiting for namespace {namespace} to end"})
        if clock() > deadline:
            raise NotReadyError(
                f"Namespace {namespace} is still being deleted.",
                f"kubectl get namespace {namespace} -o yaml   # status says what it waits for",
            )
        time.sleep(0.5)


def _of_namespace(kube: KubeClient, record: Record) -> Removal:
    name = record.namespace
    typed = command("kubectl", "--context", record.context, "delete", "namespace", name)
    return Removal(
        Write(typed, lambda: kube.delete(kinds.NAMESPACE, name)), (f"namespace {name}",), is_namespace=True
    )


def _of_kind(kube: KubeClient, record: Record, kind: Kind, some: list[Object]) -> Removal:
    names, place = [str(obj["metadata"]["name"]) for obj in some], record.namespace
    typed = command("kubectl", "--context", record.context, "-n", place, "delete", kind.resource, *names)
    said = tuple(f"{kind.kind} {place}/{name}" for name in names)
    return Removal(Write(typed, lambda: _delete(kube, kind, names, place)), said)


def _delete(kube: KubeClient, kind: Kind, names: list[str], namespace: str) -> None:
    for name in names:
        with suppress(NotFoundError):  # what owned it took it along
            kube.delete(kind, name, namespace)


def _namespace(kube: KubeClient, name: str) -> Object | None:
    try:
        return kube.get(kinds.NAMESPACE, name)
    except NotFoundError:
        return None
