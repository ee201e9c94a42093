"""The port of a pod behind a Service's port."""

from __future__ import annotations

from typing import Any

import pytest

from meshtutor.kube.target_ports import target_port

POD = {"spec": {"containers": [{"ports": [{"name": "http2", "containerPort": 8080}, {"containerPort": 9}]}]}}


@pytest.mark.parametrize(
    ("port", "number"),
    [
        ({"port": 80, "targetPort": 8081}, 8081),
        ({"port": 80, "targetPort": "8081"}, 8081),
        ({"port": 80}, 80),
        ({"port": 80, "targetPort": "http2"}, 8080),
        ({"port": 80, "targetPort": "gone"}, None),
    ],
)
def test_a_name_is_looked_up_in_the_pods(port: dict[str, Any], number: int | None) -> None:
    assert target_port(port, [POD]) == number
