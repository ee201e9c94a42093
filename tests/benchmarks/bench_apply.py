"""A changed weight until every sidecar concerned has acknowledged it, as `mesh.apply` says; and the call as a whole."""

from __future__ import annotations

import time

from meshtutor.config import settings
from meshtutor.providers import embedded
from tests.benchmarks.measurement import Measurement

_TIMES = 200
_RULE = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: reviews, namespace: default}}
spec:
  hosts: [reviews]
  http:
  - route:
    - {{destination: {{host: reviews, subset: v1}}, weight: {v1}}}
    - {{destination: {{host: reviews, subset: v3}}, weight: {v3}}}
"""


def measure() -> list[Measurement]:
    import meshtutor as mt

    embedded.up(settings().lab)
    mesh = mt.connect()
    mesh.reset()
    mesh.apply("manifests/06_split_traffic/destination-rule.yaml")
    acknowledged, called = [], []
    for i in range(_TIMES):
        began = time.monotonic()
        applied = mesh.apply(_RULE.format(v1=100 - i % 99 - 1, v3=i % 99 + 1))
        called.append((time.monotonic() - began) * 1000)
        acknowledged.append(applied.milliseconds)
    embedded.down(settings().lab)
    return [
        Measurement(
            "apply -> every proxy has ACKed (7 sidecars, gateway)", "ms", acknowledged, "p50 10 ms, p95 25 ms"
        ),
        Measurement("mesh.apply as a whole", "ms", called),
    ]
