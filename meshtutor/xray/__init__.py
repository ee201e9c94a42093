"""A request walked through an Envoy's configuration: which listener, route, cluster and endpoint, and why.

    result = walk(config_dump, Call("reviews", 9080, "/reviews/0", headers={"end-user": "jason"}))
    print(result)

The configuration is Envoy's own `/config_dump?include_eds` as JSON, of this lab's proxies or of a real cluster's, or
the same shape made from generated resources. Plain data in, plain data out: no network, no Kubernetes, no lab.

Left out: TCP proxying beyond its cluster, scoped routes, matchers by dynamic metadata (JWT claims), runtime fractions
of routes.
"""

from meshtutor.xray.balancing import shares
from meshtutor.xray.call import Call
from meshtutor.xray.dump import Envoy
from meshtutor.xray.result import Candidate, Endpoint, Result, Target
from meshtutor.xray.walk import walk

__all__ = ["Call", "Candidate", "Endpoint", "Envoy", "Result", "Target", "shares", "walk"]
