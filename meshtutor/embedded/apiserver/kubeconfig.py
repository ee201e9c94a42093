"""The kubeconfig of a lab: one cluster, one user with a bearer token, context `meshtutor-NAME`."""

from __future__ import annotations

import base64
from pathlib import Path

import yaml

from meshtutor.files import write_private


def write_kubeconfig(path: Path, name: str, server: str, ca_pem: bytes, token: str) -> str:
    """Write it whole or not at all, readable by its owner only; answers the context's name."""
    context = f"meshtutor-{name}"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "clusters": [
            {
                "name": context,
                "cluster": {
                    "server": server,
                    "certificate-authority-data": base64.b64encode(ca_pem).decode(),
                },
            }
        ],
        "users": [{"name": context, "user": {"token": token}}],
        "contexts": [
            {"name": context, "context": {"cluster": context, "user": context, "namespace": "default"}}
        ],
    }
    write_private(path, yaml.safe_dump(config, sort_keys=False))
    return context
