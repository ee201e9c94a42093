"""Exercises of 13 Reach outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from meshtutor.config import study
from meshtutor.exercises.judges import Every
from meshtutor.exercises.task import Question, Task
from meshtutor.exercises.verdicts import Finding
from meshtutor.kube import manifests, objects
from meshtutor.kube.kinds import POD
from meshtutor.mesh import Mesh

PARTNER: Final = "partner"
_FOLDER: Final = "13_reach_outside"
_PATH: Final = "/details/0"
_API: Final = "http://api.partner.example"
_BOOKS: Final = "http://books.partner.example"


@dataclass(frozen=True)
class ByAddress(Question):
    """The same question to the partner's first machine, called by its address, which nobody knows beforehand."""

    def ask(self, mesh: Mesh, n: int, false_alarm: float) -> Finding:
        """Send `n` requests from the client pod and judge them."""
        address = next(iter(addresses(mesh).values()))
        plain = {name: getattr(self, name) for name in ("about", "judge", "path")}
        asked = Question(**plain, target=f"http://{address}:9080", from_pod="client")
        return asked.ask(mesh, n, false_alarm)


def addresses(mesh: Mesh) -> dict[str, str]:
    """The partner's machines by version."""
    pods = sorted(mesh.api.list(POD, mesh.own_name(PARTNER)), key=objects.name)
    return {objects.labels(pod)["version"]: str(objects.status(pod)["podIP"]) for pod in pods}


def open_shop(mesh: Mesh) -> None:
    """Start the partner's machines, of which the mesh knows nothing."""
    mesh.apply(study() / "manifests" / _FOLDER / "partner.yaml")


def open_known_shop(mesh: Mesh) -> None:
    """The same, with an entry that others have made, in a namespace of theirs."""
    open_shop(mesh)
    mesh.apply(_entry(addresses(mesh)))


def _entry(found: dict[str, str]) -> dict[str, Any]:
    (entry,) = manifests.load(study() / "manifests" / _FOLDER / "partner-entry.yaml")
    spec = {
        **entry["spec"],
        "endpoints": [{"address": address, "labels": {"version": v}} for v, address in found.items()],
    }
    return {**entry, "metadata": {**entry["metadata"], "namespace": PARTNER}, "spec": spec}


_REFUSED: Final = Every("502", by="status")
_OK: Final = Every("200", by="status")
_BY_NAME: Final = Question("books.partner.example", _OK, target=_BOOKS, path=_PATH)
_BY_ADDRESS: Final = ByAddress("the partner's machine, by its address", _REFUSED, path=_PATH)
_API_ANSWERS: Final = Question(
    "api.partner.example, called by the client", _OK, target=_API, path=_PATH, control=True
)

TASKS: Final = (
    Task(
        name="13.1",
        title="One way out",
        text="The partner's machines run: the pods of namespace `partner`, port 9080. Let the mesh know them under "
        "the name books.partner.example, port 80, and let the namespace's sidecars refuse, with 502, every host that "
        "the mesh does not know: the same machines by their address, for instance. "
        'The answer is Python; `mesh.pods(namespace=mesh.own_name("partner"))` knows the addresses.',
        questions=(_BY_NAME, _BY_ADDRESS),
        hints=(
            "Two objects: a ServiceEntry, and a Sidecar with `outboundTrafficPolicy: {mode: REGISTRY_ONLY}`.",
            "An address is `pod['status']['podIP']`, and `mesh.apply` takes dicts as well as YAML.",
            "The entry's port is 80, the machines listen at 9080: `targetPort`.",
        ),
        prepare=open_shop,
        by_hand=True,
    ),
    Task(
        name="13.2",
        title="A short address book",
        text="api.partner.example is known to the mesh, by an entry in the namespace partner. The sidecars of the pods "
        "with the label app=client shall know that host and `reviews`, and refuse everything else with 502: "
        "`ratings`, for instance. All other pods go on as before.",
        questions=(
            Question("ratings, called by the client", _REFUSED, target="ratings"),
            _API_ANSWERS,
            Question("reviews, called by the client", _OK, target="reviews", control=True),
            Question("details, called by the page", _OK, target="gateway",
                     path="/api/v1/products/0/details", control=True),
        ),
        hints=(
            "A Sidecar with `egress` and `hosts`; each host is NAMESPACE/NAME, and `.` is the own namespace.",
            "The names are whole ones: reviews.default.svc.cluster.local.",
            "A `workloadSelector` leaves other pods alone; strangers are refused under REGISTRY_ONLY only.",
        ),
        prepare=open_known_shop,
    ),
)  # fmt: skip
