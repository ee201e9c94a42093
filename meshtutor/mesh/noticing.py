"""A look at everything whose change is worth a mark: the rules of the mesh, and the learner's Deployments.

One list per kind, which at rest is a few milliseconds; see `happenings` for why it is no watch.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Final

from meshtutor.kube import kinds, reach
from meshtutor.kube.client import KubeClient
from meshtutor.mesh.concerning import READ
from meshtutor.mesh.happenings import Look

_THREADS: Final = 4


def look(kube: KubeClient, namespace: str) -> Look:
    """What is there now. A kind that this cluster lacks or hides is left out; LabError if nobody answers."""
    wanted = [(kind, "") for kind in READ] + [(kinds.DEPLOYMENT, namespace)]
    with ThreadPoolExecutor(_THREADS) as threads:
        answers = list(threads.map(lambda one: reach.look(kube, *one), wanted))
    read = frozenset(
        (kind.group, kind.kind) for (kind, _), found in zip(wanted, answers, strict=True) if found is not None
    )
    return Look([obj for found in answers for obj in found or ()], read)
