"""From where a request is sent: outside through the gateway, or as a pod, by what the provider offers."""

from __future__ import annotations

import ipaddress
from typing import Any, Final
from urllib.parse import urlsplit

from meshtutor.errors import MeshtutorError, NotFoundError
from meshtutor.kube import reach, rollouts
from meshtutor.kube.client import KubeClient
from meshtutor.kube.kinds import POD, SERVICE
from meshtutor.providers.base import Provider
from meshtutor.traffic import targets
from meshtutor.traffic.incluster import ClientPodSender
from meshtutor.traffic.sender import LocalSender, Sender

CLIENT: Final = "client"
OUTSIDE: Final = "outside"


class Doors:
    """Chooses the sender for a target and keeps its connections."""

    def __init__(self, kube: KubeClient, provider: Provider, namespace: str, gateway: str) -> None:
        self._kube = kube
        self._provider = provider
        self._namespace = namespace
        self._gateway = urlsplit(gateway).netloc
        self._senders: dict[str, Sender] = {}

    def url(self, target: str, path: str | None = None) -> str:
        """The URL meant by a target; MeshtutorError if there is no such Service."""
        try:
            return targets.resolve(target, path, self._service)
        except ValueError as error:
            raise MeshtutorError(
                f"{error}.", 'Expected: "reviews", "reviews:9080/reviews/0" or "http://..."'
            ) from error

    def open(self, url: str, from_pod: str | None) -> tuple[Sender, str]:
        """A sender for a URL and the name of where it sends from."""
        if from_pod is None and self.is_outside(url):
            return self._kept(OUTSIDE, LocalSender), OUTSIDE
        pod = self.find_pod(from_pod or CLIENT)
        name, proxy = str(pod["metadata"]["name"]), self._provider.http_proxy(pod)
        if proxy:
            return self._kept(proxy, lambda: LocalSender(proxy)), name
        namespace = pod["metadata"]["namespace"]
        return self._kept(f"{namespace}/{name}", lambda: ClientPodSender(self._kube, namespace, name)), name

    def find_pod(self, name: str) -> dict[str, Any]:
        """A pod by its name, else by its `app` label, else by how its name begins; ready ones first.

        `NAME.NAMESPACE` looks in another namespace, as Istio names proxies (a pod's name has no dots).
        """
        short, _, elsewhere = name.partition(".")
        namespace = elsewhere or self._namespace
        pods = sorted(self._kube.list(POD, namespace), key=lambda pod: not rollouts.is_ready(pod))
        tests = (
            lambda pod: pod["metadata"]["name"] == short,
            lambda pod: pod["metadata"].get("labels", {}).get("app") == short,
            lambda pod: pod["metadata"]["name"].startswith(f"{short}-"),
        )
        for matches in tests:
            if found := next(filter(matches, pods), None):
                return _usable(found, name)
        raise self._no_pod(short, namespace, pods)

    def _no_pod(self, name: str, namespace: str, pods: list[dict[str, Any]]) -> MeshtutorError:
        apps = sorted({pod["metadata"].get("labels", {}).get("app", "") for pod in pods} - {""})
        others, _ = reach.list_everywhere(self._kube, POD, ())
        elsewhere = [p for p in others if p["metadata"]["name"] == name]
        hint = "mesh.reset() brings the study's application back"
        if elsewhere:
            hint = f'Did you mean "{name}.{elsewhere[0]["metadata"]["namespace"]}"?'
        return MeshtutorError(
            f"No pod {name!r} in namespace {namespace}; apps there: {', '.join(apps) or 'none'}.", hint
        )

    def close(self) -> None:
        """Give all connections back."""
        for sender in self._senders.values():
            sender.close()
        self._senders.clear()

    def _kept(self, key: str, make: Any) -> Sender:
        if key not in self._senders:
            self._senders[key] = make()
        return self._senders[key]

    def is_outside(self, url: str) -> bool:
        """Whether a URL is reached from this machine: the gateway's, or another one on loopback."""
        parts = urlsplit(url)
        if parts.netloc == self._gateway or parts.hostname == "localhost":
            return True
        try:
            return ipaddress.ip_address(parts.hostname or "").is_loopback
        except ValueError:
            return False

    def _service(self, host: str) -> dict[str, Any]:
        name, _, rest = host.partition(".")
        namespace = rest.split(".", 1)[0] or self._namespace
        try:
            return self._kube.get(SERVICE, name, namespace)
        except NotFoundError as error:
            known = ", ".join(sorted(s["metadata"]["name"] for s in self._kube.list(SERVICE, namespace)))
            raise MeshtutorError(
                f"No Service {name!r} in namespace {namespace}.",
                f"There are: {known or 'none'}; or give a whole URL",
            ) from error


def _usable(pod: dict[str, Any], name: str) -> dict[str, Any]:
    if pod.get("status", {}).get("podIP"):
        return pod
    raise MeshtutorError(f"Pod {name!r} has no address yet.", "mesh.wait_ready() waits until it has")
