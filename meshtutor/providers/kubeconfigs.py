"""The user's kubeconfig files -> one file with one context, for one lab.

The user's own files are only read: no context is ever switched, and a lab's namespace is set in the copy. Which
files there are and which entry wins is kubectl's rule: KUBECONFIG is a list of files, the first that has an entry
wins, and files that are not there are skipped
(https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/). Paths inside a file are
relative to that file, so they are made absolute here. The copy is made anew at each `connect()`: a token that was
renewed by `oc login` and the like is found.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from meshtutor.errors import LabError

_PATHS: Final = {
    "clusters": ("cluster", ("certificate-authority",)),
    "users": ("user", ("client-certificate", "client-key", "tokenFile")),
    "contexts": ("context", ()),
}


def files(environment: Mapping[str, str] = os.environ) -> list[Path]:
    """The kubeconfig files that kubectl would read, those that exist."""
    named = [Path(part).expanduser() for part in environment.get("KUBECONFIG", "").split(os.pathsep) if part]
    return [path for path in named or [Path.home() / ".kube" / "config"] if path.is_file()]


def merged(paths: list[Path] | None = None) -> dict[str, Any]:
    """One kubeconfig out of all files; the first entry of a name wins."""
    whole: dict[str, Any] = {"clusters": [], "users": [], "contexts": [], "current-context": ""}
    for path in files() if paths is None else paths:
        part = _read(path)
        whole["current-context"] = whole["current-context"] or part.get("current-context") or ""
        for section in _PATHS:
            known = {entry["name"] for entry in whole[section]}
            fresh = (entry for entry in part.get(section) or () if entry["name"] not in known)
            whole[section] += [_absolute(section, entry, path.parent) for entry in fresh]
    return whole


def contexts(config: Mapping[str, Any] | None = None) -> list[str]:
    """The names of all contexts."""
    return [entry["name"] for entry in (merged() if config is None else config)["contexts"]]


def only(context: str, namespace: str = "", config: Mapping[str, Any] | None = None) -> str:
    """A kubeconfig with this context alone, and `namespace` as its namespace, as YAML; LabError if there is none."""
    whole = merged() if config is None else config
    chosen = copy.deepcopy(_entry(whole, "contexts", context))
    if namespace:
        chosen["context"]["namespace"] = namespace
    cluster = _entry(whole, "clusters", chosen["context"].get("cluster", ""))
    user = _entry(whole, "users", chosen["context"].get("user", ""))
    alone = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "contexts": [chosen],
        "clusters": [cluster],
        "users": [user],
    }
    return yaml.safe_dump(alone, sort_keys=False)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise LabError(f"The kubeconfig {path} cannot be read: {error}", "kubectl config view") from error
    if not isinstance(content, dict):
        raise LabError(f"The kubeconfig {path} is empty.", "kubectl config view")
    return content


def _absolute(section: str, entry: dict[str, Any], base: Path) -> dict[str, Any]:
    field, paths = _PATHS[section]
    inner = {**(entry.get(field) or {})}
    inner |= {key: str(base / inner[key]) for key in paths if inner.get(key)}
    return {**entry, field: inner}


def _entry(config: Mapping[str, Any], section: str, name: str) -> dict[str, Any]:
    found = next((entry for entry in config[section] if entry["name"] == name), None)
    if found is None:
        known = ", ".join(sorted(entry["name"] for entry in config["contexts"])) or "none"
        what = (
            f"No kubeconfig context {name!r}"
            if section == "contexts"
            else f"The kubeconfig has no {section[:-1]} {name!r}"
        )
        raise LabError(
            f"{what}; contexts there: {known}.", "kubectl config get-contexts; then: --context NAME"
        )
    return dict(found)
