"""The steps of `up --on context` that make something: a namespace of the learner's own, and the application in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from meshtutor.config import study
from meshtutor.errors import LabError, NotFoundError
from meshtutor.kube import manifests
from meshtutor.kube.client import FIELD_MANAGER, KubeClient
from meshtutor.kube.kinds import NAMESPACE
from meshtutor.kube.ordering import rank
from meshtutor.providers import waits
from meshtutor.providers.base import INJECTION
from meshtutor.providers.context import ownership, writing
from meshtutor.providers.context.writing import Write
from meshtutor.providers.records import Record
from meshtutor.providers.steps import Said
from meshtutor.providers.tools import Command, command

Object = dict[str, Any]
FOLDERS: Final = ("bookinfo", "gateway")
_MANAGER: Final = {"fieldManager": FIELD_MANAGER}


class NamespaceIsOurs:
    """A namespace with injection that is the learner's alone: lessons begin by putting it in its first state."""

    def __init__(self, kube: KubeClient, record: Record, said: Said = lambda _: None) -> None:
        self._kube, self._record, self._said = kube, record, said
        self.name = f"namespace {record.namespace}"
        self._is_there = False

    def commands(self) -> Sequence[Command]:
        """How a person would make it."""
        return [write.command for write in self.writes()]

    def is_done(self) -> bool:
        """Whether it is there and fit; LabError if it belongs to somebody else."""
        found = self._found()
        if found is None:
            return False
        labels = found["metadata"].get("labels") or {}
        if labels.get(ownership.LABEL) == ownership.OURS:
            self._record.remember("namespace")
            self._is_there = True
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
        writing.carry_out(self.writes(), self._said)

    def writes(self) -> Iterator[Write]:
        """Creation where it is not there yet, and the labels; both by the lessons' field manager."""
        name, labels = self._record.namespace, self._labels()
        kubectl = ("kubectl", "--context", self._record.context)
        if not self._is_there:
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            yield Write(
                command(*kubectl, "create", "namespace", name),
                lambda: self._kube.request("POST", NAMESPACE.path(), params=_MANAGER, body=body),
            )
        pairs = [f"{key}={value}" for key, value in labels.items()]
        yield Write(
            command(*kubectl, "label", "--overwrite", "namespace", name, *pairs),
            lambda: self._kube.merge(NAMESPACE, name, "", {"metadata": {"labels": labels}}),
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

    def __init__(self, kube: KubeClient, record: Record, said: Said = lambda _: None) -> None:
        self._kube, self._record, self._said = kube, record, said

    def commands(self) -> Sequence[Command]:
        """How a person would apply them."""
        return [write.command for write in self.writes()]

    def is_done(self) -> bool:
        """Whether every object of the manifests is there."""
        kinds = {self._kube.kind_of(obj) for obj in self._objects()}
        there = {_key(obj) for obj in ownership.contents(self._kube, self._record.namespace, kinds)}
        return all(_key(obj) in there for obj in self._objects())

    def run(self) -> None:
        """Apply what a reset would apply, then mark it as ours."""
        self._record.remember("application")
        writing.carry_out(self.writes(), self._said)

    def writes(self) -> Iterator[Write]:
        """What a reset applies, by the lessons' field manager; then our label, by one that no reset takes away."""
        place, files = self._record.namespace, [str(study() / "manifests" / folder) for folder in FOLDERS]
        kubectl = ("kubectl", "--context", self._record.context, "-n", place)
        given = [word for file in files for word in ("-f", file)]
        objects = sorted(self._objects(), key=rank)
        yield Write(
            command(*kubectl, "apply", "--server-side", "--force-conflicts",
                    f"--field-manager={FIELD_MANAGER}", *given),
            lambda: [self._kube.apply(obj, place) for obj in objects],
        )  # fmt: skip
        label = f"{ownership.LABEL}={ownership.OURS}"
        yield Write(
            command(*kubectl, "label", "--overwrite", f"--field-manager={ownership.MARKER}", *given, label),
            lambda: [ownership.mark(self._kube, obj, place) for obj in objects],
        )

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
