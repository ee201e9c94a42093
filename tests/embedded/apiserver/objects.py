"""Objects that the tests of the API server write again and again."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]
LABELS = {"app": "reviews"}


def namespace(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def config_map(name: str, space: str = "default", **data: str) -> Object:
    meta = {"name": name, "namespace": space}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


def container(**fields: Any) -> Object:
    return {"name": "app", "image": "python:3.13-alpine", **fields}


def pod(name: str, space: str = "default", owners: list[Object] | None = None, **spec: Any) -> Object:
    meta: Object = {"name": name, "namespace": space, "labels": dict(LABELS)}
    if owners:
        meta["ownerReferences"] = owners
    spec = {"containers": [container()], **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}


def deployment(name: str, **spec: Any) -> Object:
    template = {"metadata": {"labels": dict(LABELS)}, "spec": {"containers": [container()]}}
    body = {"selector": {"matchLabels": dict(LABELS)}, "template": template, **spec}
    meta = {"name": name, "namespace": "default"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": body}


def service(name: str, **spec: Any) -> Object:
    body = {"selector": dict(LABELS), "ports": [{"name": "http", "port": 9080}], **spec}
    meta = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": body}


def owner(obj: Object, **more: Any) -> Object:
    meta = obj["metadata"]
    named = {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "name": meta["name"], "uid": meta["uid"]}
    return {**named, "controller": True, **more}


WIDGET_SPEC = {
    "type": "object",
    "description": "What a widget is.",
    "required": ["size"],
    "properties": {
        "size": {"type": "integer", "minimum": 1, "maximum": 9, "description": "How big it is."},
        "hosts": {"type": "array", "items": {"type": "string"}},
        "color": {"type": "string", "enum": ["red", "blue"], "default": "red"},
        "port": {"x-kubernetes-int-or-string": True},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "rules": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string"}, "weight": {"type": "integer"}},
            },
        },
    },
}


def widget_definition() -> Object:
    """A CustomResourceDefinition with two served versions, a status, a scale and columns."""
    status = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": WIDGET_SPEC, "status": status}}
    scale = {"specReplicasPath": ".spec.size", "statusReplicasPath": ".status.size"}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}, "scale": scale},
        "additionalPrinterColumns": [
            {"name": "Hosts", "type": "string", "jsonPath": ".spec.hosts"},
            {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
            {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
        ],
    }
    names = {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"], "categories": ["all"]}
    versions = [version, {**version, "name": "v1beta1", "storage": False}]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced", "names": names, "versions": versions},
    }


def widget(name: str, version: str = "v1", **spec: Any) -> Object:
    return {
        "apiVersion": f"example.com/{version}",
        "kind": "Widget",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"size": 3, **spec},
    }
