"""The roles that `up --on context` proposes, typed with kubectl, are enough for what lessons do."""

from __future__ import annotations

import http.server
import json
import shlex
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from meshtutor.errors import ApiStatusError, LabError, MeshtutorError
from meshtutor.kube import kinds
from meshtutor.mesh import Mesh, leftovers
from meshtutor.providers import resolve
from meshtutor.providers.context import rights
from meshtutor.providers.context import up as context
from tests.real import kubelet
from tests.real.apiserver import ApiServer
from tests.real.caretaker import Caretaker
from tests.real.conftest import REPOSITORY
from tests.real.programs import find
from tests.real.test_context import gateway, home

__all__ = ["gateway", "home"]
NAMESPACE = "student-09"
DUMP = {
    "configs": [
        {"@type": "type.googleapis.com/envoy.admin.v3.ListenersConfigDump", "static_listeners": [{"listener": {
            "name": "0.0.0.0_9080", "traffic_direction": "OUTBOUND",
            "address": {"socket_address": {"address": "0.0.0.0", "port_value": 9080}},
            "filter_chains": [{"filters": [{"name": "envoy.filters.network.http_connection_manager",
                                            "typed_config": {"rds": {"route_config_name": "9080"}}}]}],
        }}]},
        {"@type": "type.googleapis.com/envoy.admin.v3.RoutesConfigDump", "static_route_configs": [{"route_config": {
            "name": "9080", "virtual_hosts": [{"name": "reviews:9080", "domains": ["*"], "routes": [
                {"name": "default", "match": {"prefix": "/"}, "route": {"cluster": "reviews"}}]}],
        }}]},
        {"@type": "type.googleapis.com/envoy.admin.v3.ClustersConfigDump", "static_clusters": [{"cluster": {
            "name": "reviews", "type": "EDS", "load_assignment": {"endpoints": [{"lb_endpoints": [
                {"endpoint": {"address": {"socket_address": {"address": "10.1.0.1", "port_value": 9080}}}}]}]},
        }}]},
    ]
}  # fmt: skip


@pytest.fixture
def admin_page() -> Iterator[int]:
    """The admin page of a sidecar."""

    class Page(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = json.dumps(
                DUMP if self.path.startswith("/config_dump") else {"cluster_statuses": []}
            ).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Quiet."""

    page = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=page.serve_forever, daemon=True).start()
    yield page.server_port
    page.shutdown()
    page.server_close()


def type_all(server: ApiServer, hint: str) -> None:
    """What the hint says, typed by whoever runs the cluster."""
    kubectl = [find("kubectl"), "--kubeconfig", str(server.kubeconfig), "--context", "admin"]
    lines = [line.strip() for line in hint.splitlines() if line.strip().startswith("kubectl ")]
    assert lines
    for line in lines:
        words = shlex.split(line, comments=True)[1:]
        done = subprocess.run([*kubectl, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}: {done.stderr}"


def test_the_proposed_roles_are_enough_for_up_reset_explain_and_disturb(
    server: ApiServer,
    caretaker: Caretaker,
    gateway: str,
    ports: kubelet.Ports,
    pod: Callable[..., None],
    admin_page: int,
) -> None:
    with pytest.raises(LabError, match="You lack rights") as caught:
        context.up(context.new_record("default", "student", NAMESPACE), lambda _: None)
    type_all(server, caught.value.hint)
    heard: list[dict[str, Any]] = []
    context.up(context.new_record("default", "student", NAMESPACE), heard.append)
    _tells_what_lessons_lack("\n".join(said["note"] for said in heard if "note" in said))
    learner = server.client("student")
    wanted = rights.needed(NAMESPACE, "istio-system", create_namespace=False)
    lacking = rights.missing(learner, rights.served(learner, wanted))
    assert {right.role for right in lacking} == {""}, (
        "more is missing than what a learner had better not have"
    )

    learner.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "tls"}, "stringData": {"a": "b"}},
                  NAMESPACE)  # fmt: skip
    pod("caller", NAMESPACE, {"app": "caller"}, "istio-proxy")
    ports["caller", 15000] = admin_page
    with Mesh(resolve.resolve("default", start=False)) as mesh:
        mesh.apply(REPOSITORY / "manifests" / "06_split_traffic" / "destination-rule.yaml", timeout=1)
        assert "-5d4c-x" in mesh.explain("reviews", from_pod="caller").step("endpoint").what
        with pytest.raises(ApiStatusError) as refused:  # no kubelet runs the application here
            mesh.disturb("reviews-v2", status=503)
        assert refused.value.reason != "Forbidden"
        said = [one.message for one in mesh.analyze()]
        assert any(one.startswith(f"only {NAMESPACE}, istio-system could be read") for one in said)
        with pytest.raises(MeshtutorError, match="No pod 'nobody'"):
            mesh.pod("nobody")
        server.client().delete(kinds.POD, "caller", NAMESPACE, grace_seconds=0)
        done = mesh.reset(timeout=30)
    assert f"DestinationRule {NAMESPACE}/reviews" in done.removed
    assert "could not be learned" in done.note, "istiod is not asked here, so a reset does not know"
    assert not learner.list(kinds.SECRET, NAMESPACE)


def _tells_what_lessons_lack(notes: str) -> None:
    assert "no right to create namespaces (lessons 02, 13 and 14 make namespaces)" in notes
    assert "meshtutor up --on embedded" in notes
    assert "kubectl --context student apply -f https://" in notes, "Prometheus is not here"
    assert "topology.kubernetes.io/region=brazil" in notes


def test_the_kinds_that_a_reset_looks_through_are_asked_for() -> None:
    wanted = {right.resource for right in rights.needed("a", "istio-system", create_namespace=False)
              if right.namespace == "a" and right.verb == "list"}  # fmt: skip
    looked_through = {kind.resource for kind in leftovers.KINDS}
    assert looked_through <= wanted


def test_port_forward_asks_for_what_every_version_wants() -> None:
    """Before 1.35 a GET for a WebSocket was authorised as `get`; since then as `create`, too."""
    verbs = {right.verb for right in rights.forwarding("a")}
    assert verbs == {"get", "create"}
