"""Logs by pod and container, as the API server's `pods/NAME/log` wants them: its `LogSource`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from meshtutor.embedded.kubelet import logs
from meshtutor.embedded.kubelet.container import Container
from meshtutor.embedded.kubelet.pod import Pod
from meshtutor.errors import MeshtutorError


class PodLogs:
    """The logs of the pods that run now; `pods` is the kubelet's own table by uid."""

    def __init__(self, pods: Mapping[str, Pod]) -> None:
        self._pods = pods

    async def read(
        self,
        namespace: str,
        name: str,
        container: str,
        *,
        follow: bool = False,
        previous: bool = False,
        tail_lines: int | None = None,
        limit_bytes: int | None = None,
    ) -> AsyncIterator[bytes]:
        """A container's log, with `follow` until that run of it ends; MeshtutorError if there is none."""
        pod, one = self._find(namespace, name, container)
        path = pod.place.log(container, previous=previous)
        if previous and not path.exists():
            raise MeshtutorError(f'previous terminated container "{container}" in pod "{name}" not found')
        if not previous and not path.exists() and (wait := one.state.state.get("waiting")):
            raise MeshtutorError(
                f'container "{container}" in pod "{name}" is waiting to start: {wait["reason"]}'
            )
        run = one.state.restarts

        def more() -> bool:
            return one.state.running and one.state.restarts == run

        source = logs.read(
            path,
            tail_lines=tail_lines,
            limit_bytes=limit_bytes,
            follow=more if follow and not previous else None,
        )
        async for chunk in source:
            yield chunk

    def _find(self, namespace: str, name: str, container: str) -> tuple[Pod, Container]:
        for pod in self._pods.values():
            if (pod.place.namespace, pod.place.name) == (namespace, name):
                for one in pod.containers:
                    if one.name == container:
                        return pod, one
                raise MeshtutorError(f"container {container} is not valid for pod {name}")
        raise MeshtutorError(f'pod "{name}" does not run on any node yet')
