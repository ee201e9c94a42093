"""When a lab is ready: its Deployments are available, and the application answers through the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import aiohttp

from meshtutor.embedded.api import Api, Object
from meshtutor.errors import NotReadyError
from meshtutor.kube.kinds import DEPLOYMENT

_PAUSE = 0.02


def is_available(deployment: Object) -> bool:
    """Whether all replicas of the Deployment as it is now are available."""
    status = deployment.get("status") or {}
    wanted = deployment["spec"].get("replicas", 1)
    seen = status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    return bool(seen and status.get("updatedReplicas", 0) == status.get("availableReplicas", 0) == wanted)


async def deployments(api: Api, say: Callable[[str], None], timeout: float = 50.0) -> None:
    """Wait until every Deployment is available; say each namespace's as the last of it becomes so."""
    waiting: dict[str, set[str]] = {}
    listed = False
    try:
        async with asyncio.timeout(timeout):
            async for event in api.watch(DEPLOYMENT):
                listed = listed or event.type == "BOOKMARK"
                if event.type != "BOOKMARK":
                    _note(waiting, event.object)
                for namespace in [n for n, names in waiting.items() if listed and not names]:
                    say(f"pods in {namespace}")
                    del waiting[namespace]
                if listed and not waiting:
                    return
    except TimeoutError:
        left = ", ".join(f"{n}/{name}" for n, names in waiting.items() for name in sorted(names))
        raise NotReadyError(f"Not available after {timeout:.0f} s: {left}.", "meshtutor doctor") from None


def _note(waiting: dict[str, set[str]], deployment: Object) -> None:
    meta = deployment["metadata"]
    names = waiting.setdefault(meta["namespace"], set())
    if is_available(deployment):
        names.discard(meta["name"])
    else:
        names.add(meta["name"])


async def answers(url: str, timeout: float = 20.0) -> None:
    """Wait until a GET of the URL is answered with 200."""
    said = "nothing"
    try:
        async with asyncio.timeout(timeout), aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.get(url) as answer:
                        if answer.status == 200:
                            return
                        said = f"status {answer.status}"
                except aiohttp.ClientError as error:
                    said = str(error)
                await asyncio.sleep(_PAUSE)
    except TimeoutError:
        raise NotReadyError(f"{url} did not answer with 200 within {timeout:.0f} s; last: {said}.",
                            "meshtutor logs -n istio-system istio-ingressgateway") from None  # fmt: skip
