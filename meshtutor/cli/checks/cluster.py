"""What the real-cluster mode needs: docker, k3d, istioctl; and kubectl, which is good to have anyway."""

from __future__ import annotations

import json
import shutil
import subprocess

from meshtutor.cli.checks.check import Check

_REAL = "a real cluster (k3d)"


def _said(*command: str) -> str | None:
    """What a tool says, or None when it is absent or fails."""
    if shutil.which(command[0]) is None:
        return None
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None


def kubectl() -> Check:
    """Works with the embedded mesh as well: KUBECONFIG=$(meshtutor kubeconfig) kubectl get pods."""
    said = _said("kubectl", "version", "--client", "-o", "json")
    if said is None:
        repair = "https://kubernetes.io/docs/tasks/tools/   # Debian: sudo apt install kubernetes-client"
        return Check("kubectl", "missing", "not on PATH", repair, "typing kubectl beside the notebooks")
    return Check("kubectl", "ok", json.loads(said)["clientVersion"]["gitVersion"])


def docker() -> Check:
    """k3d's nodes are containers: the engine must run, not only the client be there."""
    if shutil.which("docker") is None:
        return Check("docker", "missing", "not on PATH", "https://docs.docker.com/engine/install/", _REAL)
    version = _said("docker", "version", "--format", "{{.Server.Version}}")
    if not version:
        repair = "sudo systemctl start docker   # WSL2: start Docker Desktop; then: docker info"
        return Check("docker", "missing", "the engine does not answer", repair, _REAL)
    return Check("docker", "ok", version)


def k3d() -> Check:
    """The study's cluster."""
    said = _said("k3d", "version")
    if said is None:
        return Check("k3d", "missing", "not on PATH", "https://k3d.io/stable/#installation", _REAL)
    return Check("k3d", "ok", said.splitlines()[0])


def istioctl() -> Check:
    """Installs Istio on a real cluster, and reads proxies."""
    said = _said("istioctl", "version", "--remote=false")
    if said is None:
        repair = "https://istio.io/latest/docs/setup/additional-setup/download-istio-release/"
        return Check("istioctl", "missing", "not on PATH", repair, _REAL)
    return Check("istioctl", "ok", said.splitlines()[-1])


ALL = (kubectl, docker, k3d, istioctl)
