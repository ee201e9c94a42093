"""What the mesh says about itself: Prometheus' numbers and Jaeger's traces, as data.

Belongs here: the query APIs, the reading of Istio's standard metrics, and of what a trace says. Does not belong here: plots
(charts/), how the traffic was made (traffic/), statistics of shares (traffic/; mesh/ brings the two
together).
"""
