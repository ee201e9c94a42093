"""The steps of `up --on context` that make something: a namespace of the learner's own, and the application in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from meshtutor.config import study
from meshtutor.errors import LabError, NotFoundError
from meshtutor.kube import manifests
from meshtutor.kube.client import KubeClient
from meshtutor.kube.kinds import NAMESPACE
from meshtutor.kube.ordering import rank
from meshtutor.providers import waits
from meshtutor.providers.base import INJECTION
from meshtutor.providers.context import ownership
from meshtutor.providers.records import Record
from meshtutor.providers.steps import Said
from meshtutor.providers.tools import Command, command

Object = dict[str, Any]
FOLDERS: Final = ("bookinfo", "gateway")


class NamespaceIsOurs:
    """A namespace with injection that is the learner's alone: lessons begin by putting it in its first state."""

    def __init__(self, kube: KubeClient, record: Record) -> None:
        self._kube, self._record = kube, record
        self.name = f"namespace {record.namespace}"

    def commands(self) -> Sequence[Command]:
        """How a person would make it."""
        kubectl = ("kubectl", "--context", self._record.context)
        labels = [f"{key}={value}" for key, value in self._labels().items()]
        return [command(*kubectl, "create", "namespace", self._record.namespace),
                command(*kubectl, "label", "namespace", self._record.namespace, *labels)]  # fmt: skip

    def is_done(self) -> bool:
        """Whether it is there and fit; LabError if it belongs to somebody else."""
        found = self._found()
        if found is None:
            return False
        labels = found["metadata"].get("labels") or {}
        if labels.get(ownership.LABEL) == ownership.OURS:
            self._record.remember("namespace")
            return self._injection().items() <= labels.items()
        self._refuse_foreign()
        if not self._injection().items() <= labels.items():
            wanted = " ".join(f"{key}={value}" for key, value in self._injection().items())
            raise LabError(
                f"Namespace {self._record.namespace!r} has no injection label, and meshtutor did not make it.",
                f"kubectl --context {self._record.context} label namespace {self._record.namespace} {wanted}",
            )
        return True

    def run(self) -> None:
        """Create it, labelled as ours and for injection; or put the injection label back on ours."""
        self._record.remember("namespace")
        self._kube.apply(
            {
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": self._record.namespace, "labels": self._labels()},
            }
        )

    def _found(self) -> Object | None:
        try:
            return self._kube.get(NAMESPACE, self._record.namespace)
        except NotFoundError:
            return None

    def _refuse_foreign(self) -> None:
        theirs = [
            obj
            for obj in ownership.contents(self._kube, self._record.namespace)
            if not ownership.is_ours(obj)
        ]
        if theirs:
            some = ", ".join(f"{obj['kind']} {obj['metadata']['name']}" for obj in theirs[:3])
            raise LabError(
                f"Namespace {self._record.namespace!r} is in use: {some}{' ...' if len(theirs) > 3 else ''}; "
                "lessons reset their namespace, so they need one of their own.",
                "--namespace NAME: one that does not exist yet is made",
            )

    def _labels(self) -> dict[str, str]:
        return {ownership.LABEL: ownership.OURS, **self._injection()}

    def _injection(self) -> dict[str, str]:
        return dict(self._record.options.get("injection") or INJECTION)


class ApplicationIsApplied:
    """manifests/bookinfo and manifests/gateway in the learner's namespace, labelled as ours."""

    name = "the application and its gateway"

    def __init__(self, kube: KubeClient, record: Record) -> None:
        self._kube, self._record = kube, record

    def commands(self) -> Sequence[Command]:
        """How a person would apply them."""
        folders = [word for folder in FOLDERS for word in ("-f", str(study() / "manifests" / folder))]
        return [command("kubectl", "--context", self._record.context, "-n", self._record.namespace, "apply",
                        "--server-side", "--field-manager=meshtutor", *folders)]  # fmt: skip

    def is_done(self) -> bool:
        """Whether every object of the manifests is there."""
        kinds = {self._kube.kind_of(obj) for obj in self._objects()}
        there = {_key(obj) for obj in ownership.contents(self._kube, self._record.namespace, kinds)}
        return all(_key(obj) in there for obj in self._objects())

    def run(self) -> None:
        """Apply what a reset would apply, then mark it as ours."""
        self._record.remember("application")
        for obj in sorted(self._objects(), key=rank):
            written = self._kube.apply(obj, self._record.namespace)
            ownership.mark(self._kube, written.object)

    def _objects(self) -> list[Object]:
        return list(manifests.load(*(study() / "manifests" / folder for folder in FOLDERS)))


class IsReady:
    """Every Deployment of the learner's namespace is rolled out."""

    name = "pods of the application"

    def __init__(self, kube: KubeClient, record: Record, said: Said, timeout: float) -> None:
        self._kube, self._record, self._said, self._timeout = kube, record, said, timeout

    def commands(self) -> Sequence[Command]:
        """How a person would wait."""
        place = ("--context", self._record.context, "-n", self._record.namespace)
        wait = ("wait", "--for=condition=Available", "deployment", "--all", f"--timeout={self._timeout:g}s")
        return [command("kubectl", *place, *wait)]

    def is_done(self) -> bool:
        """Whether nothing is missing now."""
        return not waits.unready(self._kube, self._record.namespace)[0]

    def run(self) -> None:
        """Wait, saying for what."""
        waits.wait_ready(self._kube, self._record.namespace, self._said, self._timeout)


def _key(obj: Object) -> tuple[str, str]:
    return obj["kind"], obj["metadata"]["name"]
