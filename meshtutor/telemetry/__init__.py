"""What the mesh says about itself: Prometheus' numbers and Jaeger's traces, as data.

Belongs here: the query APIs, and the reading of Istio's standard metrics and of traces. Does not belong here: plots
(charts/), how the traffic was made (traffic/), statistics of shares (traffic/; mesh/ brings the two together).
"""
