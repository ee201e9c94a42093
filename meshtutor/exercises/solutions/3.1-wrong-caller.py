# Wrong: the one who asks is not the one who fails.
window = max(5, round(4 * mesh.prometheus.scrape_interval))
query = 'sum by (source_workload) (rate(istio_requests_total{reporter="source", response_code=~"5.."}[%ds]))'
failing = mesh.prometheus.query(query % window)
answer = max(failing, key=lambda sample: sample.value).labels["source_workload"]
