"""The service graph: who called whom, how often, how fast and how safely, in the last seconds.

Belongs here: the queries, nodes and edges as plain data, their health, and why a graph is empty. Does not belong
here: where a node is drawn (charts/), which rules concern it (mesh/). Computed as Kiali computes its graph of
versioned workloads with service nodes (kiali/kiali, graph/telemetry/istio), from Istio's standard metrics alone; what
has no traffic is added from the Kubernetes API.

Left out: Kiali's boxes for clusters, waypoints of ambient mode, request operations.
"""

from meshtutor.telemetry.graph.model import Edge, Graph, Node
from meshtutor.telemetry.graph.reading import read_graph

__all__ = ["Edge", "Graph", "Node", "read_graph"]
