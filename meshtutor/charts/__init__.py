"""Plots: figure = f(data).

Belongs here: plotly, and only plotly; every function takes values of traffic/ and telemetry/ and returns a
figure. Does not belong here: fetching, waiting, widgets. Colours come from `display.colors`, so that a
version looks the same in a table and in a plot.
"""

from meshtutor.charts.answering import answers
from meshtutor.charts.balancing import balanced
from meshtutor.charts.comparing import compare
from meshtutor.charts.costs import cost
from meshtutor.charts.graphing import mesh_graph
from meshtutor.charts.importing import postpone_grammars
from meshtutor.charts.latencies import latency
from meshtutor.charts.mapping import region_map
from meshtutor.charts.mirroring import mirrored
from meshtutor.charts.planning import requests_needed
from meshtutor.charts.scraping import scrape_lag
from meshtutor.charts.searching import trace_scatter
from meshtutor.charts.sharing import shares
from meshtutor.charts.signaling import golden_signals
from meshtutor.charts.timelines import timeline
from meshtutor.charts.waterfall import waterfall

postpone_grammars()

__all__ = [
    "answers",
    "balanced",
    "compare",
    "cost",
    "golden_signals",
    "latency",
    "mesh_graph",
    "mirrored",
    "region_map",
    "requests_needed",
    "scrape_lag",
    "shares",
    "timeline",
    "trace_scatter",
    "waterfall",
]
