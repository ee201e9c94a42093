"""Live controls: each is a model that works headless, a view, and a link between them.

Belongs here: ipywidgets and anywidget, and models of what a widget controls (HasTraits; they know no widget
and no HTTP). Does not belong here: plots (charts/), sending and counting (traffic/, telemetry/). Nothing runs
in the background unless a browser shows the widget and says so every few seconds.
"""

from meshtutor.widgets.circuit_breaker import CircuitBreaker
from meshtutor.widgets.cost_of_mesh import CostOfMesh
from meshtutor.widgets.dashboard import Dashboard
from meshtutor.widgets.egress_policy import EgressPolicy
from meshtutor.widgets.examination import Examination
from meshtutor.widgets.fault_injector import FaultInjector
from meshtutor.widgets.load_balancer import LoadBalancer
from meshtutor.widgets.match_builder import MatchBuilder
from meshtutor.widgets.mesh_graph import MeshGraph
from meshtutor.widgets.page import Page
from meshtutor.widgets.region_map import RegionMap
from meshtutor.widgets.retry_tuner import RetryTuner
from meshtutor.widgets.route_translator import RouteTranslator
from meshtutor.widgets.scrape_lag import ScrapeLag
from meshtutor.widgets.traces import Traces
from meshtutor.widgets.traffic_mirror import TrafficMirror
from meshtutor.widgets.traffic_split import TrafficSplit

__all__ = [
    "CircuitBreaker",
    "CostOfMesh",
    "Dashboard",
    "EgressPolicy",
    "Examination",
    "FaultInjector",
    "LoadBalancer",
    "MatchBuilder",
    "MeshGraph",
    "Page",
    "RegionMap",
    "RetryTuner",
    "RouteTranslator",
    "ScrapeLag",
    "Traces",
    "TrafficMirror",
    "TrafficSplit",
]
