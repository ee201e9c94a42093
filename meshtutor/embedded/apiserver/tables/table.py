"""Rows and columns put together as a Table."""

from __future__ import annotations

from typing import Any, Final

from meshtutor.embedded.api import Object
from meshtutor.embedded.apiserver.resources import Resource
from meshtutor.embedded.apiserver.tables import cluster, custom, network, workloads
from meshtutor.embedded.apiserver.tables.columns import AGE, NAME, Column
from meshtutor.kube import kinds

_BUILT_IN: Final = {
    kinds.POD.resource: workloads.POD,
    kinds.DEPLOYMENT.resource: workloads.DEPLOYMENT,
    kinds.REPLICA_SET.resource: workloads.REPLICA_SET,
    kinds.SERVICE.resource: network.SERVICE,
    kinds.ENDPOINT_SLICE.resource: network.ENDPOINT_SLICE,
    kinds.INGRESS.resource: network.INGRESS,
    kinds.INGRESS_CLASS.resource: network.INGRESS_CLASS,
    kinds.NODE.resource: cluster.NODE,
    kinds.NAMESPACE.resource: cluster.NAMESPACE,
    kinds.EVENT.resource: cluster.EVENT,
    kinds.CONFIG_MAP.resource: cluster.CONFIG_MAP,
    kinds.SECRET.resource: cluster.SECRET,
    kinds.SERVICE_ACCOUNT.resource: cluster.SERVICE_ACCOUNT,
    kinds.LEASE.resource: cluster.LEASE,
    kinds.CRD.resource: cluster.CRD,
    kinds.MUTATING_WEBHOOK.resource: cluster.WEBHOOK,
    kinds.VALIDATING_WEBHOOK.resource: cluster.WEBHOOK,
}


def table(
    resource: Resource, version: str, objects: list[Object], meta: dict[str, Any], include: str
) -> Object:
    """A Table; each row carries the object's metadata, or what `includeObject` asks for (None, Object)."""
    columns = _columns(resource, version)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": meta,
        "columnDefinitions": [column.definition() for column in columns],
        "rows": [_row(columns, obj, include) for obj in objects],
    }


def _columns(resource: Resource, version: str) -> tuple[Column, ...]:
    if resource.custom:
        return custom.columns(resource.columns.get(version, ()))
    return _BUILT_IN.get(resource.key, (NAME, AGE))


def _row(columns: tuple[Column, ...], obj: Object, include: str) -> dict[str, Any]:
    bookmark = "name" not in obj["metadata"]
    row: dict[str, Any] = {"cells": [None if bookmark else column.cell(obj) for column in columns]}
    if include == "Object":
        row["object"] = obj
    elif include != "None":
        partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
        row["object"] = {**partial, "metadata": obj["metadata"]}
    return row
