"""The objects that every cluster has before anybody comes: namespaces, Istio's control plane and gateway, Prometheus.

YAML under the names and with the labels, ports and annotations that Istio's own installation gives them, so that
what a documentation page or `istioctl` looks for is found. `objects()` loads them in the order of the files' names.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def objects() -> list[dict[str, Any]]:
    """All base objects, namespaces first."""
    files = sorted(Path(__file__).parent.glob("*.yaml"))
    return [document for file in files for document in yaml.safe_load_all(file.read_text()) if document]
