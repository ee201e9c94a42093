"""The official `kubernetes` client, loaded when it is first used, for that takes a third of a second."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any


class Official:
    """`core`, `apps`, `custom`, `dynamic` of the official client; `api_client` for any other of its APIs."""

    def __init__(self, kubeconfig: Path, context: str = "") -> None:
        self._kubeconfig = kubeconfig
        self._context = context

    @cached_property
    def api_client(self) -> Any:
        """The `kubernetes.client.ApiClient`, which its API classes take."""
        from kubernetes.config import new_client_from_config

        return new_client_from_config(str(self._kubeconfig), self._context or None)

    @cached_property
    def core(self) -> Any:
        """`CoreV1Api`: pods, services, namespaces, logs."""
        from kubernetes.client import CoreV1Api

        return CoreV1Api(self.api_client)

    @cached_property
    def apps(self) -> Any:
        """`AppsV1Api`: Deployments and ReplicaSets."""
        from kubernetes.client import AppsV1Api

        return AppsV1Api(self.api_client)

    @cached_property
    def custom(self) -> Any:
        """`CustomObjectsApi`: Istio's kinds as plain dicts."""
        from kubernetes.client import CustomObjectsApi

        return CustomObjectsApi(self.api_client)

    @cached_property
    def dynamic(self) -> Any:
        """`DynamicClient`: any kind by its name."""
        from kubernetes.dynamic import DynamicClient

        return DynamicClient(self.api_client)

    def __repr__(self) -> str:
        return f"official Kubernetes client, context {self._context or 'current'} of {self._kubeconfig}"
