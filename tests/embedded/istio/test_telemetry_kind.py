"""The Telemetry kind on real Envoys: who is concerned, what is counted, logged and traced."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import pytest_asyncio
import yaml

from meshtutor.embedded.istio.access_log import FIELDS
from meshtutor.embedded.istio.validation import unsupported
from meshtutor.embedded.istio.validation.kinds import check
from tests.embedded.addons.running_store import running_store
from tests.embedded.addons.traced_mesh import wait_for

from .support import objects as make
from .support.mesh import Mesh, running
from .validation.test_cel import FINE, REFUSED

URL = "http://reviews:9080/"


@pytest_asyncio.fixture
async def mesh(tmp_path):
    async with running(tmp_path) as mesh:
        mesh.client = await mesh.pod("client")
        mesh.reviews = await mesh.pod("reviews")
        service = make.service("reviews")
        await mesh.apply(service, make.endpoint_slice(service, mesh.reviews))
        await mesh.until_ready(mesh.client, mesh.reviews)
        yield mesh


def telemetry(spec: str, name: str = "t", namespace: str = "default") -> dict[str, Any]:
    """A Telemetry that validation lets through."""
    obj = {"apiVersion": "telemetry.istio.io/v1", "kind": "Telemetry", "metadata": make.meta(name, namespace)}
    obj["spec"] = yaml.safe_load(spec)
    assert [p for p in (*check(obj), *unsupported.check(obj)) if p.severity == "error"] == []
    return obj


async def apply(mesh: Mesh, *objects: dict[str, Any]) -> None:
    """Apply, and wait until no connection is left that was opened under the old listeners."""
    report = await mesh.apply(*objects)
    assert {row["state"] for row in report["proxies"]} <= {"ACK"}, report
    await mesh.until(lambda: drained(mesh), "old listeners are gone")


async def drained(mesh: Mesh) -> bool:
    pages = [await mesh.admin(pod, "/stats?filter=_draining$") for pod in (mesh.client, mesh.reviews)]
    return all(line.endswith(": 0") for page in pages for line in page.splitlines())


async def counted(mesh: Mesh, pod: dict, name: str = "requests_total", **labels: str) -> list[dict[str, str]]:
    """The label sets of a metric that have these labels."""
    lines = await mesh.stats(pod, f"envoy_istio_{name}{{")
    found = [dict(re.findall(r'(\w+)="([^"]*)"', line)) for line in lines]
    return [one for one in found if labels.items() <= one.items()]


async def ask(mesh: Mesh, path: str) -> None:
    """A request whose path is told apart by its answer's code, as series are kept for ever."""
    await mesh.get(URL + path, mesh.client, headers={"x-tenant": "acme"})


# -- metrics -----------------------------------------------------------------------------------------------------------


async def test_labels_are_added_changed_and_removed_on_one_side_only(mesh: Mesh):
    await apply(mesh, telemetry("""
      metrics:
      - overrides:
        - match: {metric: REQUEST_COUNT, mode: CLIENT}
          tagOverrides:
            request_method: {value: request.method}
            tenant: {value: "request.headers['x-tenant']"}
            destination_version: {value: "'none of your business'"}
            nothing: {value: "request.headers['absent']"}
            source_principal: {operation: REMOVE}
    """))  # fmt: skip
    await ask(mesh, "status/201")
    found = await mesh.until(lambda: counted(mesh, mesh.client, response_code="201"), "the client counts it")
    expected = {"request_method": "GET", "tenant": "acme", "destination_version": "none of your business",
                "nothing": "unknown", "destination_workload": "reviews-v1"}  # fmt: skip
    assert len(found) == 1
    assert expected.items() <= found[0].items()
    assert "source_principal" not in found[0]
    plain = await counted(mesh, mesh.client, "request_bytes_count", response_code="201")
    assert [("tenant" in one, "source_principal" in one) for one in plain] == [(False, True)]
    server = await mesh.until(
        lambda: counted(mesh, mesh.reviews, response_code="201"), "the server counts it"
    )
    assert [("tenant" in one, one["destination_version"]) for one in server] == [(False, "v1")]


async def test_a_metric_is_switched_off_by_name_and_all_of_them_together(mesh: Mesh):
    one = "{metrics: [{overrides: [{match: {metric: REQUEST_DURATION}, disabled: true}]}]}"
    await apply(mesh, telemetry(one))
    await ask(mesh, "status/202")
    await mesh.until(lambda: counted(mesh, mesh.client, response_code="202"), "the request is counted")
    assert not await counted(mesh, mesh.client, "request_duration_milliseconds_count", response_code="202")
    assert await counted(mesh, mesh.client, "response_bytes_count", response_code="202")
    every = "{metrics: [{overrides: [{match: {mode: SERVER}, disabled: true}]}]}"
    await apply(mesh, telemetry(every))
    await ask(mesh, "status/203")
    await mesh.until(lambda: counted(mesh, mesh.client, response_code="203"), "the client counts it")
    assert not await counted(mesh, mesh.reviews, response_code="203")


async def test_the_workloads_object_goes_before_the_namespaces_and_that_before_the_roots(mesh: Mesh):
    def tagged(value: str) -> str:
        return f"metrics: [{{overrides: [{{tagOverrides: {{level: {{value: \"'{value}'\"}}}}}}]}}]"

    await apply(
        mesh,
        telemetry(f"{{{tagged('root')}}}", "root", "istio-system"),
        telemetry(f"{{{tagged('namespace')}}}", "wide"),
        telemetry(f"{{selector: {{matchLabels: {{app: reviews}}}}, {tagged('workload')}}}", "own"),
    )
    await ask(mesh, "status/201")
    await mesh.until(lambda: counted(mesh, mesh.client, response_code="201", level="namespace"), "namespace")
    await mesh.until(lambda: counted(mesh, mesh.reviews, response_code="201", level="workload"), "workload")
    await mesh.delete(telemetry("{}", "wide"))
    await mesh.until(lambda: drained(mesh), "old listeners are gone")
    await ask(mesh, "status/202")
    await mesh.until(lambda: counted(mesh, mesh.client, response_code="202", level="root"), "root")


async def test_a_change_that_concerns_one_workload_reaches_no_other(mesh: Mesh):
    report = await mesh.apply(telemetry("""
      selector: {matchLabels: {app: reviews}}
      metrics: [{overrides: [{disabled: true}]}]
    """))  # fmt: skip
    assert [(row["proxy"].split("-")[0], row["types"]) for row in report["proxies"]] == [("reviews", ["LDS"])]


# -- access logs -------------------------------------------------------------------------------------------------------


def logged(mesh: Mesh, pod: dict) -> set[str]:
    return set(re.findall(r'"GET /(\S*)', mesh.log(pod)))


async def test_a_filter_chooses_the_requests_that_are_logged(mesh: Mesh):
    await apply(mesh, telemetry("""
      accessLogging:
      - providers: [{name: envoy}]
        match: {mode: CLIENT}
        filter: {expression: "response.code >= 400 || request.path.startsWith('/slow')"}
    """))  # fmt: skip
    for path in ("fine", "status/404", "slow", "status/503", "end", "status/499"):
        await ask(mesh, path)
    await mesh.until(lambda: "status/499" in logged(mesh, mesh.client), "the last line")
    assert logged(mesh, mesh.client) == {"status/404", "slow", "status/503", "status/499"}
    assert logged(mesh, mesh.reviews) == set()


async def test_a_workload_is_silenced_while_the_mesh_logs(mesh: Mesh):
    await apply(
        mesh,
        make.mesh_config("accessLogFile: /dev/stdout"),
        telemetry("{accessLogging: [{providers: [{name: envoy}]}]}", "root", "istio-system"),
        telemetry("""
          selector: {matchLabels: {app: reviews}}
          accessLogging: [{providers: [{name: envoy}], disabled: true}]
        """),
    )  # fmt: skip
    await ask(mesh, "quiet")
    await mesh.until(lambda: "quiet" in logged(mesh, mesh.client), "the client logs it")
    await mesh.delete(telemetry("{}"))
    await mesh.until(lambda: drained(mesh), "old listeners are gone")
    await ask(mesh, "loud")
    await mesh.until(lambda: "loud" in logged(mesh, mesh.reviews), "the server logs again")
    assert "quiet" not in logged(mesh, mesh.reviews)


async def test_disabled_without_a_provider_means_nothing_as_in_istio(mesh: Mesh):
    await apply(
        mesh,
        make.mesh_config("accessLogFile: /dev/stdout"),
        telemetry("{accessLogging: [{disabled: true}]}"),
    )
    await ask(mesh, "still-here")
    await mesh.until(lambda: "still-here" in logged(mesh, mesh.client), "it is logged all the same")


async def test_a_provider_of_ones_own_has_its_own_format(mesh: Mesh):
    await apply(
        mesh,
        make.mesh_config("""
          extensionProviders:
          - {name: json, envoyFileAccessLog: {path: /dev/stdout, logFormat: {labels: {way: "%REQ(:PATH)%"}}}}
        """),
        telemetry("{accessLogging: [{providers: [{name: json}]}]}"),
    )  # fmt: skip
    await ask(mesh, "labelled")
    await mesh.until(lambda: '{"way":"/labelled"}' in mesh.log(mesh.client), "a line of JSON")


LABELLED = """
extensionProviders:
- name: short
  envoyFileAccessLog:
    path: /dev/stdout
    logFormat: {labels: {way: "%REQ(:PATH)%", who: "%REQ(NOBODY)%", more: {code: "%RESPONSE_CODE%"}}}
    omitEmptyValues: true
"""


async def test_a_provider_leaves_out_what_is_empty_if_it_is_told_to(mesh: Mesh):
    await apply(
        mesh,
        make.mesh_config(LABELLED),
        telemetry("{accessLogging: [{providers: [{name: short}]}]}"),
    )
    await ask(mesh, "omitted")
    assert await json_line(mesh, "way", "/omitted") == {"way": "/omitted", "more": {"code": 200}}


async def json_line(mesh: Mesh, key: str, value: str) -> dict[str, Any]:
    """The line of the client's log that says so."""

    def found() -> dict[str, Any] | None:
        lines = [json.loads(line) for line in mesh.log(mesh.client).splitlines() if line.startswith("{")]
        return next((line for line in lines if line.get(key) == value), None)

    return await mesh.until(found, f"a line with {key} {value}")


async def test_json_has_istios_fields_one_by_one(mesh: Mesh):
    await apply(mesh, make.mesh_config("{accessLogFile: /dev/stdout, accessLogEncoding: JSON}"))
    await ask(mesh, "in-json?a=b")
    line = await json_line(mesh, "path", "/in-json?a=b")
    assert set(line) == set(FIELDS)
    assert (line["method"], line["protocol"], line["response_code"]) == ("GET", "HTTP/1.1", 200)
    assert line["upstream_cluster"] == "outbound|9080||reviews.default.svc.cluster.local"
    assert line["requested_server_name"] is None


OWN_FORMAT = """
accessLogFile: %s
accessLogEncoding: JSON
accessLogFormat: '{"code": "%%RESPONSE_CODE%%", "bare": "%%REQ_WITHOUT_QUERY(:PATH)%%"}'
"""


async def test_a_format_of_json_is_the_meshs_and_the_built_in_providers(mesh: Mesh):
    await apply(mesh, make.mesh_config(OWN_FORMAT % "/dev/stdout"))
    await ask(mesh, "bare?a=b")
    assert await json_line(mesh, "bare", "/bare") == {"code": 200, "bare": "/bare"}
    await apply(
        mesh,
        make.mesh_config(OWN_FORMAT % '""'),
        telemetry("{accessLogging: [{providers: [{name: envoy}], match: {mode: CLIENT}}]}"),
    )
    await ask(mesh, "by-name")
    assert await json_line(mesh, "bare", "/by-name") == {"code": 200, "bare": "/by-name"}


async def test_a_wrong_provider_has_the_effect_that_it_has_in_istio(mesh: Mesh):
    await apply(
        mesh,
        make.mesh_config("accessLogFile: /dev/stdout"),
        telemetry("""
          metrics: [{providers: [{name: promethues}]}]
          accessLogging: [{providers: [{name: otel}]}]
        """),
    )  # fmt: skip
    await ask(mesh, "status/404")
    await mesh.until(lambda: "status/404" in logged(mesh, mesh.client), "accessLogFile decides")
    assert await counted(mesh, mesh.client, response_code="404") == []
    await apply(mesh, telemetry("{metrics: [{providers: [{name: PROMETHEUS}]}]}"))
    await ask(mesh, "status/404")
    await mesh.until(lambda: counted(mesh, mesh.client, response_code="404"), "the right one counts")


# -- tracing -----------------------------------------------------------------------------------------------------------

COLLECTOR = "jaeger-collector.istio-system.svc.cluster.local"
PROVIDERS = f"""
extensionProviders:
- name: jaeger
  opentelemetry: {{service: {COLLECTOR}, port: 4318, http: {{path: /v1/traces, timeout: 5s}}}}
"""


@pytest.fixture
def store():
    with running_store() as running:
        yield running


async def with_collector(mesh: Mesh, store: Any) -> None:
    """The store as a Service of the mesh, on the port that it has."""
    service = make.service("jaeger-collector", 4318, namespace="istio-system")
    pod = make.pod("jaeger", "v1", "127.0.0.1", namespace="istio-system", sidecar=False)
    ends = make.endpoint_slice(service, pod)
    ends["ports"][0]["port"] = store.ports.otlp_http
    await apply(mesh, make.mesh_config(PROVIDERS), service, pod, ends)


def spans(store: Any, **search: Any) -> list[dict[str, Any]]:
    """Spans by service, with their tags."""
    found = []
    for trace in store.ask("traces", service="client.default", **search):
        for span in trace["spans"]:
            tags = {tag["key"]: str(tag["value"]) for tag in span["tags"]}
            found.append({"service": trace["processes"][span["processID"]]["serviceName"], **tags})
    return sorted(found, key=lambda span: span["service"])


async def test_one_request_is_one_trace_with_tags_of_ones_own(mesh: Mesh, store: Any):
    await with_collector(mesh, store)
    await apply(mesh, telemetry("""
      tracing:
      - providers: [{name: JAEGER}]
        randomSamplingPercentage: 100
        customTags:
          tenant: {header: {name: x-tenant, defaultValue: nobody}}
          stage: {literal: {value: study}}
          home: {environment: {name: NO_SUCH_VARIABLE, defaultValue: nowhere}}
    """, namespace="istio-system"))  # fmt: skip
    await ask(mesh, "traced")
    client, server = wait_for(lambda: (found := spans(store)) and len(found) == 2 and found)
    assert [span["service"] for span in (client, server)] == ["client.default", "reviews.default"]
    own = {
        "tenant": "acme",
        "stage": "study",
        "home": "nowhere",
        "istio.namespace": "default",
        "component": "proxy",
    }
    assert own.items() <= client.items()
    assert own.items() <= server.items()
    assert (client["span.kind"], server["span.kind"]) == ("client", "server")
    assert client["upstream_cluster"] == "outbound|9080||reviews.default.svc.cluster.local"


async def test_sampling_reporting_and_istios_tags_are_switched_by_the_nearest_object(mesh: Mesh, store: Any):
    await with_collector(mesh, store)
    root = telemetry(
        "{tracing: [{providers: [{name: jaeger}], randomSamplingPercentage: 0}]}", "root", "istio-system"
    )
    await apply(mesh, root, telemetry("""
      selector: {matchLabels: {app: reviews}}
      tracing: [{disableSpanReporting: true}]
    """, "quiet"))  # fmt: skip
    await ask(mesh, "unsampled")
    await apply(
        mesh, telemetry("{tracing: [{randomSamplingPercentage: 100, enableIstioTags: false}]}", "wide")
    )
    await ask(mesh, "sampled")
    (span,) = wait_for(lambda: spans(store))
    assert (span["service"], span["http.url"].rpartition("/")[2]) == ("client.default", "sampled")
    assert "istio.namespace" not in span


async def test_without_its_service_a_provider_is_left_out(mesh: Mesh):
    await apply(mesh, make.mesh_config(PROVIDERS))
    await apply(mesh, telemetry("{tracing: [{providers: [{name: jaeger}]}]}", namespace="istio-system"))
    assert (await mesh.get(URL, mesh.client)).status == 200
    assert "OpenTelemetryConfig" not in await mesh.admin(
        mesh.client, "/config_dump?resource=dynamic_listeners"
    )


# -- expressions -------------------------------------------------------------------------------------------------------


async def test_envoy_agrees_about_expressions(mesh: Mesh):
    for expression in (*FINE, *REFUSED):
        obj = telemetry("{}")
        entry = {
            "providers": [{"name": "envoy"}],
            "match": {"mode": "SERVER"},
            "filter": {"expression": expression},
        }
        obj["spec"] = {"accessLogging": [entry]}
        states = {row["state"] for row in (await mesh.apply(obj))["proxies"]}
        assert states == ({"ACK"} if expression in FINE else {"NACK"}), expression
        await mesh.delete(obj)
