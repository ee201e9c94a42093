"""Which pods Prometheus scrapes: those annotated as Istio's are, kept in a ConfigMap that its pod mounts.

Prometheus on a cluster asks the API server itself (`kubernetes_sd_configs`). Here the same rule (the annotations
prometheus.io/scrape, /port and /path, as in Istio's add-on) is applied by this small controller, and Prometheus reads
the outcome as `file_sd_configs`: its client for the API server would cost it a third more memory.

One annotation is this lab's own: `prometheus.io/interval` on the pods that requests are sent from (client, gateway),
which are looked at twice as often, so that a moved slider is seen soon. Elsewhere nobody reads it.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from meshtutor.embedded.api import Api, Object
from meshtutor.errors import NotFoundError
from meshtutor.kube.kinds import CONFIG_MAP, POD

_NAMESPACE, _CONFIG_MAP, _FILE = "istio-system", "prometheus", "targets.json"
_PREFIX = "prometheus.io/"
_ENVOY_PATH = "/stats/prometheus"


def target(pod: Object) -> dict[str, Any] | None:
    """One target group for a pod that asks to be scraped and has an address; else None."""
    meta = pod["metadata"]
    wishes = {
        k.removeprefix(_PREFIX): v
        for k, v in (meta.get("annotations") or {}).items()
        if k.startswith(_PREFIX)
    }
    ip = (pod.get("status") or {}).get("podIP")
    if wishes.get("scrape") != "true" or not ip or (pod["status"].get("phase") in ("Succeeded", "Failed")):
        return None
    path = wishes.get("path", "/metrics")
    labels = {
        "__metrics_path__": path,
        "__param_usedonly": "1" if path == _ENVOY_PATH else "",  # Envoy then leaves out what never happened
        "__scrape_interval__": wishes.get("interval", ""),
        "__scrape_timeout__": wishes.get("interval", ""),
        "namespace": meta["namespace"],
        "pod": meta["name"],
        "app": (meta.get("labels") or {}).get("app", ""),
        "version": (meta.get("labels") or {}).get("version", ""),
    }
    return {"targets": [f"{ip}:{wishes.get('port', '80')}"], "labels": {k: v for k, v in labels.items() if v}}


async def keep_targets(api: Api) -> None:
    """Keep the ConfigMap true until cancelled."""
    pods: dict[str, Object] = {}
    written, listed = "", False
    async for event in api.watch(POD):
        if event.type == "DELETED":
            pods.pop(event.object["metadata"]["uid"], None)
        elif event.type != "BOOKMARK":
            pods[event.object["metadata"]["uid"]] = event.object
        listed = listed or event.type == "BOOKMARK"
        groups = sorted(filter(None, map(target, pods.values())), key=lambda group: str(group["labels"]))
        text = json.dumps(groups, indent=1)
        if listed and text != written:
            with suppress(NotFoundError):  # somebody deleted it; the next change of a pod tries again
                await api.patch(CONFIG_MAP, _CONFIG_MAP, _NAMESPACE, {"data": {_FILE: text}})
                written = text
