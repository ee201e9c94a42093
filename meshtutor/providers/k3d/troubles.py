"""What docker, k3d, istioctl and kubectl say when something is wrong -> a sentence and the next step."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from meshtutor.errors import LabError, MeshtutorError
from meshtutor.providers.k3d.options import K3dOptions
from meshtutor.providers.tools import ToolError


@dataclass(frozen=True)
class Trouble:
    """A pattern in a program's output (case does not matter), what it means, and what to do.

    The pattern's named groups may stand in sentence and hint.
    """

    pattern: str
    sentence: str
    hint: str


_ALL: Final = (
    Trouble(
        "cannot connect to the docker daemon|docker daemon is not running",
        "Docker's engine does not answer.",
        "sudo systemctl start docker   # WSL2 or a desktop: start Docker Desktop; then: docker info",
    ),
    Trouble(
        "permission denied.*docker.*sock|docker.*sock.*permission denied",
        "This user may not use Docker.",
        "sudo usermod -aG docker $USER   # then log out and in again",
    ),
    Trouble(
        "port is already allocated|ports are not available|address already in use|bind for .* failed",
        "Docker could not publish port {port}: another container or program has it.",
        "docker ps --filter publish={port} shows whether a container has it; or take another: --port {other}",
    ),
    Trouble(
        "cluster with that name already exists",
        "A k3d cluster {cluster!r} exists already.",
        "meshtutor status; or take another name: --name NAME",
    ),
    Trouble(
        "toomanyrequests|429 too many requests|rate limit",
        "The image registry limits pulls without an account, and the limit is reached.",
        "docker login, or wait an hour; then the same command again",
    ),
    Trouble(
        r"failed to pull (the )?image '(?P<image>[^']+)'",
        "Docker cannot pull the image {image}.",
        "docker pull {image}   # says why; without a network: docker load -i FILE, a copy of it",
    ),
    Trouble("no space left on device", "The disk is full.", "docker system df; docker image prune"),
    Trouble(
        "minimum supported kubernetes version",
        "This Istio does not support the cluster's Kubernetes version.",
        "meshtutor down --on k3d, then up again with a newer k3s (--image rancher/k3s:v1.33.4-k3s1), "
        "or with an older istioctl",
    ),
    Trouble(
        "imagepullbackoff|errimagepull",
        "An image of Istio cannot be pulled.",
        "kubectl --context {context} -n istio-system get pods; is the network there?",
    ),
    Trouble(
        "insufficient (cpu|memory)",
        "The machine is too small for Istio: about 2 GB of free memory are needed.",
        "free -h; meshtutor down --all",
    ),
    Trouble(
        "resources not ready after|timed out waiting|context deadline exceeded",
        "It did not become ready in time.",
        "kubectl --context {context} get pods -A shows what is still coming; then the same again",
    ),
    Trouble(
        "no such host|could not resolve|dial tcp.*i/o timeout|tls handshake timeout|unable to read url",
        "The address cannot be reached from here.",
        "Is the network there? Without one: --addons DIR names the folder samples/addons of an Istio release, "
        "--addons none skips them",
    ),
    Trouble("forbidden", "The cluster does not allow this.", "kubectl --context {context} auth can-i --list"),
)


def explain(error: MeshtutorError, options: K3dOptions) -> MeshtutorError:
    """The first trouble that a tool's output speaks of; any other error as it is."""
    if not isinstance(error, ToolError):
        return error
    for trouble in _ALL:
        if said := re.search(trouble.pattern, error.output, re.IGNORECASE):
            words = {
                "port": options.port,
                "other": options.port + 1,
                "cluster": options.cluster,
                "context": options.context,
                **said.groupdict(),
            }
            hint = f"{trouble.hint.format(**words)}\n    ({error.message})"
            return LabError(trouble.sentence.format(**words), hint)
    return error
