"""Every file in manifests/ is what a real cluster with Istio takes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from meshtutor.kube import kinds, manifests
from meshtutor.kube.client import KubeClient
from meshtutor.kube.ordering import rank
from tests.real.apiserver import ApiServer
from tests.real.conftest import REPOSITORY
from tests.real.programs import find

FOLDER = REPOSITORY / "manifests"
FILES = sorted(path for path in FOLDER.rglob("*.yaml"))
IDS = [str(path.relative_to(FOLDER)) for path in FILES]
BASE = [FOLDER / "bookinfo", FOLDER / "gateway"]
SUBSETS = FOLDER / "06_split_traffic" / "destination-rule.yaml"  # every lesson's subsets of reviews
# what a lesson breaks on purpose, and what istioctl analyze says of it
MEANT: dict[str, set[str]] = {}


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [find(command[0]), *command[1:]], capture_output=True, text=True, timeout=60, check=False
    )


def test_there_are_manifests() -> None:
    assert len(FILES) > 10


@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_istioctl_validates_it(file: Path) -> None:
    done = run("istioctl", "validate", "-f", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Warning" not in done.stdout + done.stderr


@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_istioctl_analyzes_it_beside_the_application(file: Path) -> None:
    """On files alone, with the application's own and the subsets, as a lesson applies them."""
    beside = [*file.parent.glob("destination-rule*.yaml"), SUBSETS][:1]
    others = [str(other) for other in [*BASE, *beside] if other not in (file, file.parent)]
    done = run("istioctl", "analyze", "--use-kube=false", "--failure-threshold", "Error", *others, str(file))
    codes = {word.strip("[]") for word in (done.stdout + done.stderr).split() if word.startswith("[IST")}
    found = codes - {"IST0102", "IST0118"} - MEANT.get(str(file.relative_to(FOLDER)), set())
    assert not found, done.stdout + done.stderr
    assert done.returncode == 0 or codes, done.stdout + done.stderr


@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_a_real_api_server_takes_it_with_no_warning(server: ApiServer, file: Path) -> None:
    kube = server.client()
    for obj in sorted(manifests.load(file), key=rank):
        _namespace(kube, obj)
        written = kube.apply(obj, "default")
        assert written.warnings == ()
        assert written.object["metadata"]["uid"]


@pytest.mark.parametrize("file", FILES, ids=IDS)
def test_kubectl_applies_it_strictly(server: ApiServer, file: Path) -> None:
    """kubectl's own rule: an unknown field is an error."""
    kubectl = ["kubectl", "--kubeconfig", str(server.kubeconfig), "--context", "admin"]
    for obj in manifests.load(file):
        _namespace(server.client(), obj)
    done = run(
        *kubectl,
        "apply",
        "--server-side",
        "--force-conflicts",
        "--validate=strict",
        "--dry-run=server",
        "-f",
        str(file),
    )
    assert done.returncode == 0, done.stderr


def _namespace(kube: KubeClient, obj: dict) -> None:
    """A dry run, or an object before its namespace's document, needs the namespace to be there."""
    name = obj["metadata"].get("namespace")
    if name and name not in {n["metadata"]["name"] for n in kube.list(kinds.NAMESPACE)}:
        kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
