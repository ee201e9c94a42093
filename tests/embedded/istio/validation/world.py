"""A small world of objects, and what is said of one more."""

# ruff: noqa: E501 - tables

from __future__ import annotations

from typing import Any

import yaml

from meshtutor.embedded.istio.validation import references
from meshtutor.kube import kinds
from meshtutor.kube.manifests import load

HERE = """
{apiVersion: v1, kind: Service, metadata: {name: reviews}, spec: {selector: {app: reviews}, ports: [{name: http, port: 9080}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: two}, spec: {ports: [{name: http, port: 80}, {name: admin, port: 81}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: gw, namespace: istio-system},
 spec: {selector: {istio: ingressgateway}, ports: [{name: http2, port: 80, targetPort: 8080}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: gw, namespace: istio-system, labels: {istio: ingressgateway}}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: reviews},
 spec: {host: reviews, subsets: [{name: v1}, {name: v2}]}}
---
{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: shop},
 spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.com]}]}}
---
{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: out},
 spec: {hosts: ["*.example.com"], ports: [{number: 80, name: http, protocol: HTTP}]}}
"""


def world(more: str = "") -> references.World:
    objects = [{**o, "metadata": {"namespace": "default", **o["metadata"]}} for o in load(HERE + more)]
    return references.World.of(lambda kind: [o for o in objects if o["kind"] == kind.kind])


def warnings(kind: str, spec: str, more: str = "") -> list[tuple[str, str]]:
    obj: dict[str, Any] = {"apiVersion": kinds.VIRTUAL_SERVICE.api_version, "kind": kind,
                           "metadata": {"name": "mine", "namespace": "default"}, "spec": yaml.safe_load(spec)}  # fmt: skip
    return [(p.path, p.code) for p in references.check(obj, world(more))]
