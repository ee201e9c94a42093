"""Logs by pod and container, as the API server's `pods/NAME/log` wants them (apiserver/logs.py)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from meshtutor.embedded.apiserver.logs import LogOptions
from meshtutor.embedded.kubelet import logs
from meshtutor.embedded.kubelet.container import Container
from meshtutor.embedded.kubelet.pod import Pod
from meshtutor.errors import ApiStatusError


class PodLogs:
    """The logs of the pods that run now; `pods` is the kubelet's own table by uid."""

    def __init__(self, pods: Mapping[str, Pod]) -> None:
        self._pods = pods

    async def logs(
        self, namespace: str, pod: str, container: str, options: LogOptions
    ) -> AsyncIterator[bytes]:
        """A container's output, with `follow` until that run ends; ApiStatusError (400) if there is none."""
        if options.timestamps or options.since_seconds is not None:
            raise _bad(
                "the times of log lines are not recorded in the embedded cluster, so --timestamps, --since and "
                "--since-time cannot be answered; use --tail"
            )
        home, one = self._find(namespace, pod, container)
        path = home.place.log(container, previous=options.previous)
        if options.previous and not path.exists():
            raise _bad(f'previous terminated container "{container}" in pod "{pod}" not found')
        if not options.previous and not path.exists() and (wait := one.state.state.get("waiting")):
            raise _bad(f'container "{container}" in pod "{pod}" is waiting to start: {wait["reason"]}')
        run = one.state.restarts

        def more() -> bool:
            return one.state.running and one.state.restarts == run

        follow = more if options.follow and not options.previous else None
        source = logs.read(
            path, tail_lines=options.tail_lines, limit_bytes=options.limit_bytes, follow=follow
        )
        async for chunk in source:
            yield chunk

    def _find(self, namespace: str, name: str, container: str) -> tuple[Pod, Container]:
        for pod in self._pods.values():
            if (pod.place.namespace, pod.place.name) == (namespace, name):
                for one in pod.containers:
                    if one.name == container:
                        return pod, one
                raise _bad(f"container {container} is not valid for pod {name}")
        raise _bad(f'pod "{name}" does not run on any node yet')


def _bad(message: str) -> ApiStatusError:
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "reason": "BadRequest",
    }
    return ApiStatusError({**status, "message": message, "code": 400})
