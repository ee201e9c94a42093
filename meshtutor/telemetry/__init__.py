"""What the mesh says about itself: Prometheus' numbers, as data.

Belongs here: the query API and the reading of Istio's standard metrics. Does not belong here: plots
(charts/), how the traffic was made (traffic/), statistics of shares (traffic/; mesh/ brings the two
together).
"""
