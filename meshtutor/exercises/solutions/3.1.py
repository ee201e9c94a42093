# Whoever was called when a call ended with 5xx, over a window of four scrapes.
window = max(5, round(4 * mesh.prometheus.scrape_interval))
calls = f'reporter="source", destination_service_namespace="{mesh.namespace}", response_code=~"5.."'
query = f"sum by (destination_workload) (rate(istio_requests_total{{{calls}}}[{window}s]))"
failing = mesh.prometheus.query(query)
answer = max(failing, key=lambda sample: sample.value).labels["destination_workload"]
