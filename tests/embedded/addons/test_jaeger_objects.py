"""The trace store's objects have the names that Istio's add-on gives them, and their image means our program."""

from pathlib import Path

import yaml

from meshtutor.embedded import system
from meshtutor.embedded.kubelet.images import Images, jaeger

OBJECTS = list(yaml.safe_load_all((Path(system.__file__).parent / "40-jaeger.yaml").read_text()))


def test_services_lead_to_ports_that_the_pod_has():
    deployment = next(o for o in OBJECTS if o["kind"] == "Deployment")
    template = deployment["spec"]["template"]
    (container,) = template["spec"]["containers"]
    open_ports = {port["containerPort"] for port in container["ports"]}
    services = {o["metadata"]["name"]: o for o in OBJECTS if o["kind"] == "Service"}
    assert set(services) == {"tracing", "zipkin", "jaeger-collector"}
    for service in services.values():
        assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= open_ports


def test_the_image_is_the_lab_s_own_program():
    images = Images()
    images.add("jaegertracing/*", jaeger())
    for name in ("docker.io/jaegertracing/all-in-one:1.76.0", "jaegertracing/jaeger:2.17.0"):
        line = images.find(name).argv({"name": "jaeger"}, [], ["--config", "x"], None)
        assert line[1:3] == ["-m", "meshtutor.embedded.addons.jaeger"]
