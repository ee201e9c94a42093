"""Variables, volumes and images as pure tables."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from meshtutor.embedded.api import Object
from meshtutor.embedded.kubelet.environment import environment, expand
from meshtutor.embedded.kubelet.images import Images, python, repository_of
from meshtutor.embedded.kubelet.place import Place, node_proxy_url
from meshtutor.embedded.kubelet.quantities import to_bytes
from meshtutor.embedded.kubelet.volumes import Mounts, materialise
from meshtutor.embedded.network import Block
from meshtutor.errors import MeshtutorError
from tests.embedded.world import config_map, pod

OBJECTS = {
    ("ConfigMap", "settings"): config_map("settings", {"color": "blue", "size": "9"}),
    ("Secret", "hidden"): {"kind": "Secret", "metadata": {"name": "hidden"}, "data": {"key": "czNjcmV0"}},
}


def lookup(kind: str, name: str) -> Object | None:
    return OBJECTS.get((kind, name))


def place(tmp_path: Path, *, sidecar: bool = False, namespace: str = "default", **spec: Any) -> Place:
    made = pod("one", None, nodeName="agent", serviceAccountName="bob", **spec)
    made["metadata"] |= {"namespace": namespace, "labels": {"app": "web", "version": "v1"}, "uid": "1"}
    if sidecar:
        made["spec"]["containers"].append({"name": "istio-proxy", "args": ["proxy", "sidecar"]})
    node = {"metadata": {}, "status": {"addresses": [{"type": "InternalIP", "address": "127.9.0.11"}]}}
    return Place(made, "127.9.16.5", tmp_path, node, Block(9))


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(A) and $(B)", "1 and 2"),
        ("$(UNKNOWN)", "$(UNKNOWN)"),
        ("$$(A)", "$(A)"),
        ("$A ${A}", "$A ${A}"),
        ("100$", "100$"),
        ("$(A", "$(A"),
    ],
)
def test_references_are_expanded_as_kubernetes_does_it(text: str, expanded: str) -> None:
    assert expand(text, {"A": "1", "B": "2"}) == expanded


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ({"fieldRef": {"fieldPath": "metadata.name"}}, "one"),
        ({"fieldRef": {"fieldPath": "metadata.namespace"}}, "default"),
        ({"fieldRef": {"fieldPath": "metadata.labels['version']"}}, "v1"),
        ({"fieldRef": {"fieldPath": "metadata.annotations['none']"}}, ""),
        ({"fieldRef": {"fieldPath": "spec.nodeName"}}, "agent"),
        ({"fieldRef": {"fieldPath": "spec.serviceAccountName"}}, "bob"),
        ({"fieldRef": {"fieldPath": "status.podIP"}}, "127.9.16.5"),
        ({"fieldRef": {"fieldPath": "status.hostIP"}}, "127.9.0.11"),
        ({"configMapKeyRef": {"name": "settings", "key": "color"}}, "blue"),
        ({"secretKeyRef": {"name": "hidden", "key": "key"}}, "s3cret"),
        ({"configMapKeyRef": {"name": "none", "key": "x", "optional": True}}, None),
        ({"secretKeyRef": {"name": "hidden", "key": "x", "optional": True}}, None),
    ],
)
def test_values_come_from_fields_config_maps_and_secrets(
    tmp_path: Path, source: Object, value: str | None
) -> None:
    container = {"name": "app", "env": [{"name": "X", "valueFrom": source}]}
    assert environment(container, place(tmp_path), lookup).get("X") == value


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"resourceFieldRef": {"resource": "limits.cpu"}}, "valueFrom.resourceFieldRef is not implemented"),
        ({"fieldRef": {"fieldPath": "spec.color"}}, "unsupported fieldPath: spec.color"),
        ({"configMapKeyRef": {"name": "none", "key": "x"}}, 'configmap "none" not found'),
        ({"secretKeyRef": {"name": "hidden", "key": "x"}}, "couldn't find key x in Secret hidden"),
    ],
)
def test_what_cannot_be_had_is_named(tmp_path: Path, source: Object, message: str) -> None:
    container = {"name": "app", "env": [{"name": "X", "valueFrom": source}]}
    with pytest.raises(MeshtutorError, match=message):
        environment(container, place(tmp_path), lookup)


def test_env_from_takes_all_keys_and_env_overrides_them(tmp_path: Path) -> None:
    sources = [{"configMapRef": {"name": "settings"}, "prefix": "S_"}, {"secretRef": {"name": "hidden"}}]
    container = {"name": "app", "envFrom": sources, "env": [{"name": "S_size", "value": "10"}]}
    variables = environment(container, place(tmp_path), lookup)
    assert [variables[n] for n in ("S_color", "S_size", "key")] == ["blue", "10", "s3cret"]


def test_an_injected_app_listens_behind_its_sidecar_and_sends_through_it(tmp_path: Path) -> None:
    variables = environment({"name": "app"}, place(tmp_path, sidecar=True), lookup)
    assert variables["BIND_ADDRESS"] == "127.9.80.5"
    assert variables["http_proxy"] == variables["HTTP_PROXY"] == "http://127.9.16.5:15001"
    assert variables["no_proxy"] == ""


def test_without_a_sidecar_the_node_proxy_learns_the_namespace(tmp_path: Path) -> None:
    variables = environment({"name": "app"}, place(tmp_path, namespace="shop"), lookup)
    assert variables["BIND_ADDRESS"] == "127.9.16.5"
    assert (
        variables["http_proxy"] == node_proxy_url(Block(9), "shop") == "http://shop:namespace@127.9.0.2:15080"
    )


VOLUMES = [
    {"name": "settings", "configMap": {"name": "settings"}},
    {"name": "some", "configMap": {"name": "settings", "items": [{"key": "color", "path": "deep/hue"}]}},
    {"name": "hidden", "secret": {"secretName": "hidden", "defaultMode": 0o400}},
    {"name": "empty", "emptyDir": {}},
    {
        "name": "info",
        "downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]},
    },
    {
        "name": "all",
        "projected": {"sources": [{"configMap": {"name": "settings"}}, {"secret": {"name": "hidden"}}]},
    },
]


def test_volumes_become_directories(tmp_path: Path) -> None:
    materialise(place(tmp_path, volumes=VOLUMES), lookup)
    root = tmp_path / "volumes"
    assert (root / "settings/color").read_text() == "blue"
    assert (root / "some/deep/hue").read_text() == "blue"
    assert not (root / "some/color").exists()
    assert (root / "hidden/key").stat().st_mode & 0o777 == 0o400
    assert (root / "info/labels").read_text() == 'app="web"\nversion="v1"'
    assert {f.name for f in (root / "all").iterdir() if not f.name.startswith("..")} == {
        "color",
        "size",
        "key",
    }


def test_an_update_swaps_all_files_at_once_and_drops_old_ones(tmp_path: Path) -> None:
    spot = place(tmp_path, volumes=[{"name": "settings", "configMap": {"name": "settings"}}])
    materialise(spot, lookup)
    before = (tmp_path / "volumes/settings/..data").readlink()
    materialise(spot, lookup)
    assert (tmp_path / "volumes/settings/..data").readlink() == before
    materialise(spot, lambda *_: config_map("settings", {"color": "green", "new": "1"}))
    directory = tmp_path / "volumes/settings"
    assert {f.name for f in directory.iterdir() if not f.name.startswith("..")} == {"color", "new"}
    assert (directory / "color").read_text() == "green"
    assert not (directory / before).exists()


def mounts(tmp_path: Path) -> Mounts:
    spot = place(tmp_path, volumes=VOLUMES)
    materialise(spot, lookup)
    paths = {"settings": "/etc/settings", "hidden": "/etc/settings/hidden", "empty": "/tmp"}
    container = {"name": "app", "volumeMounts": [{"name": n, "mountPath": p} for n, p in paths.items()]}
    container["volumeMounts"].append({"name": "settings", "mountPath": "/one.txt", "subPath": "color"})
    return Mounts(spot, container)


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("/etc/settings/color", "{root}/settings/color"),
        ("/etc/settings", "{root}/settings"),
        ("/etc/settings/hidden/key", "{root}/hidden/key"),
        ("--config=/etc/settings/color", "--config={root}/settings/color"),
        ("cat '/etc/settings/color' > /tmp/out", "cat '{root}/settings/color' > {root}/empty/out"),
        ("/etc/settings2/color", "/etc/settings2/color"),
        ("/usr/etc/settings/color", "/usr/etc/settings/color"),
        ("http://etc/settings", "http://etc/settings"),
        ("a:/etc/settings:/tmp", "a:{root}/settings:{root}/empty"),
    ],
)
def test_mount_paths_are_rewritten_where_they_stand_alone(tmp_path: Path, text: str, rewritten: str) -> None:
    assert mounts(tmp_path).rewrite(text) == rewritten.format(root=tmp_path / "volumes")


def test_a_sub_path_is_a_copy_that_later_updates_do_not_change(tmp_path: Path) -> None:
    held = Path(mounts(tmp_path).rewrite("/one.txt"))
    materialise(place(tmp_path, volumes=VOLUMES[:1]), lambda *_: config_map("settings", {"color": "green"}))
    assert held.read_text() == "blue"


def test_a_working_directory_outside_of_volumes_is_made_for_the_pod(tmp_path: Path) -> None:
    directory = mounts(tmp_path).working_directory("/srv/app")
    assert directory.is_dir()
    assert directory.is_relative_to(tmp_path)


@pytest.mark.parametrize(
    ("name", "repository"),
    [
        ("python:3.13-alpine", "python"),
        ("docker.io/library/python:3.13", "python"),
        ("docker.io/istio/proxyv2:1.30.3", "istio/proxyv2"),
        ("gcr.io/istio-release/proxyv2@sha256:abc", "gcr.io/istio-release/proxyv2"),
        ("localhost:5000/python", "localhost:5000/python"),
    ],
)
def test_a_repository_is_what_is_left_of_an_image_name(name: str, repository: str) -> None:
    assert repository_of(name) == repository


def test_the_python_image_is_an_interpreter_and_its_standard_library_without_packages(tmp_path: Path) -> None:
    images = Images()
    images.add("python", python(tmp_path / "python"))
    image = images.find("python:3.13-alpine")
    line = image.argv({"name": "app"}, ["python", "-V"], ["x"], place(tmp_path))
    assert line[1:] == ["-V", "x"]
    assert image.argv({"name": "app"}, [], ["-c", ""], place(tmp_path))[1:] == ["-c", ""]
    for interpreter in (line[0], str(image.path / "python3")):
        told = [interpreter, "-c", "import json, site; print(json.dumps(site.getsitepackages()))"]
        packages = json.loads(subprocess.run(told, check=True, capture_output=True).stdout)
        assert packages
        assert not [found for folder in packages for found in Path(folder).iterdir()]


def test_the_python_image_is_made_anew_when_the_lab_starts_again(tmp_path: Path) -> None:
    python(tmp_path / "python")
    gone = tmp_path / "python" / "bin" / "python3"
    gone.unlink()
    gone.symlink_to(tmp_path / "an interpreter that was upgraded away")
    python(tmp_path / "python")
    assert gone.is_file()


def test_an_image_that_nothing_here_stands_for_is_named(tmp_path: Path) -> None:
    images = Images()
    images.add("python", python(tmp_path / "python"))
    with pytest.raises(MeshtutorError, match=r"image 'redis:7' cannot run.*") as refusal:
        images.find("redis:7")
    assert "python:*" in refusal.value.hint


@pytest.mark.parametrize(
    ("text", "size"), [("128Mi", 128 << 20), ("1G", 10**9), ("0.5Gi", 1 << 29), (1024, 1024), ("64k", 64_000)]
)
def test_quantities(text: str | int, size: int) -> None:
    assert to_bytes(text) == size


def test_a_broken_quantity_is_named() -> None:
    with pytest.raises(MeshtutorError, match="'lots' is not a quantity"):
        to_bytes("lots")
