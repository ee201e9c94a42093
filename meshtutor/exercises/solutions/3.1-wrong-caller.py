# Wrong: the one who asks is not the one who fails.
window = max(5, round(4 * mesh.prometheus.scrape_interval))
calls = f'reporter="source", destination_service_namespace="{mesh.namespace}", response_code=~"5.."'
query = f"sum by (source_workload) (rate(istio_requests_total{{{calls}}}[{window}s]))"
failing = mesh.prometheus.query(query)
answer = max(failing, key=lambda sample: sample.value).labels["source_workload"]
