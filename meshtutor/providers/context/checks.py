"""The first steps of `up --on context`, which only look: an answer, our rights, Istio."""

from __future__ import annotations

from collections.abc import Sequence

from meshtutor.errors import ApiStatusError, LabError, NotFoundError
from meshtutor.kube.client import KubeClient
from meshtutor.kube.kinds import NAMESPACE
from meshtutor.providers.context import istio, rights
from meshtutor.providers.context.provider import ROOT
from meshtutor.providers.records import Record
from meshtutor.providers.tools import Command, command


class ClusterAnswers:
    """The API server of the context answers, and knows who we are."""

    def __init__(self, kube: KubeClient, record: Record) -> None:
        self._kube = kube
        self._context = record.context
        self.name = f"the cluster of context {record.context}"

    def commands(self) -> Sequence[Command]:
        """How a person would ask."""
        return [command("kubectl", "--context", self._context, "version")]

    def is_done(self) -> bool:
        """Whether it does; LabError if nobody answers, or if we are not let in."""
        try:
            self._kube.request("GET", "/version", timeout=10.0)
        except ApiStatusError as error:
            if error.code in (401, 403):
                raise LabError(
                    f"The cluster does not let this user in: {error.message}",
                    f"kubectl --context {self._context} auth whoami   # log in again if it expired",
                ) from error
            raise
        except LabError as error:
            hint = f"kubectl --context {self._context} cluster-info   # is the cluster running, the VPN on?"
            raise LabError(error.message, hint) from error
        return True

    def run(self) -> None:
        """Nothing: a cluster is not ours to start."""


class RightsAreHeld:
    """Every right that the lessons need, asked by SelfSubjectAccessReview."""

    def __init__(self, kube: KubeClient, record: Record, reviews: rights.Reviews) -> None:
        self._kube, self._record, self._reviews = kube, record, reviews
        self.name = f"rights in namespace {record.namespace}"

    def commands(self) -> Sequence[Command]:
        """How a person would ask."""
        return [
            command(
                "kubectl",
                "--context",
                self._record.context,
                "auth",
                "can-i",
                "--list",
                "-n",
                self._record.namespace,
            )
        ]

    def is_done(self) -> bool:
        """True if no required right is missing; LabError names them. `lacks` tells of the optional ones."""
        wanted = rights.needed(self._record.namespace, ROOT, create_namespace=not self._exists())
        lacking = self._reviews.missing(rights.served(self._kube, wanted))
        if any(right.required for right in lacking):
            raise rights.refusal(lacking, self._record.namespace, rights.user(self._kube))
        return True

    def run(self) -> None:
        """Nothing: rights are granted by whoever runs the cluster."""

    def _exists(self) -> bool:
        try:
            self._kube.get(NAMESPACE, self._record.namespace)
        except NotFoundError:
            return False
        except ApiStatusError:
            return True  # not even allowed to look: the review says so
        return True


class IstioIsThere:
    """A control plane that is new enough."""

    name = "Istio in the cluster"

    def __init__(self, kube: KubeClient, record: Record) -> None:
        self._kube, self._record = kube, record

    def commands(self) -> Sequence[Command]:
        """How a person would ask."""
        return [command("istioctl", "--context", self._record.context, "version")]

    def is_done(self) -> bool:
        """True if it is; LabError says what is missing. The version is noted in the record."""
        found = istio.find(self._kube)
        self._record.istio = found.version or "unknown"
        self._record.options["scoped"] = found.scoped
        self._record.options["injection"] = istio.injection_labels(found)
        return True

    def run(self) -> None:
        """Nothing: Istio is not ours to install in somebody's cluster."""
