"""Requests that a learner sends: sending, counting, and the statistics of shares.

Belongs here: everything from "a URL and a number" to a `Report`, and the background load that feeds live
charts. Does not belong here: which pod or proxy a request goes through (mesh/ asks the provider), plots
(charts/), and what Prometheus counted of it (telemetry/).
"""
