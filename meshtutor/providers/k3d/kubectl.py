"""kubectl as this provider uses it: always with the cluster's context named, whatever the user's current one is."""

from __future__ import annotations

import json
from typing import Any, Final

from meshtutor.kube.kinds import Kind
from meshtutor.providers.tools import Command, ToolError, Tools, command

_ABSENT: Final = ("(NotFound)", "doesn't have a resource type", "no matches for kind")


class Kubectl:
    """kubectl on one context; also a `waits.Lister`."""

    def __init__(self, tools: Tools, context: str) -> None:
        self._tools = tools
        self._context = context

    def command(self, *argv: str, stdin: str = "", typed: str = "") -> Command:
        """`kubectl --context CONTEXT ...`; `typed` begins with a pipe that feeds it."""
        whole = command("kubectl", "--context", self._context, *argv, stdin=stdin)
        return command(*whole.argv, stdin=stdin, typed=f"{typed} | {whole}") if typed else whole

    def run(self, *argv: str, stdin: str = "", typed: str = "", timeout: float = 300.0) -> str:
        """Run a command that changes something."""
        return self._tools.run(self.command(*argv, stdin=stdin, typed=typed), timeout)

    def get(self, *argv: str) -> dict[str, Any] | None:
        """`kubectl get ... -o json`, or None where there is no such object or kind; ToolError if nobody answers."""
        try:
            said = self._tools.read("kubectl", "--context", self._context, "get", *argv, "-o", "json")
        except ToolError as error:
            if any(sign in error.output for sign in _ABSENT):
                return None
            raise
        return dict(json.loads(said))

    def list(
        self, kind: Kind, namespace: str = "", labels: str = "", fields: str = ""
    ) -> list[dict[str, Any]]:
        """The objects of a kind."""
        place = ["-n", namespace] if namespace else ["-A"] if kind.namespaced else []
        selected = [f"--selector={labels}"] if labels else []
        selected += [f"--field-selector={fields}"] if fields else []
        found = self.get(kind.resource, *place, *selected)
        return list(found["items"]) if found else []
