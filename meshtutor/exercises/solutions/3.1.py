# Whoever was called when a call ended with 5xx, over a window of four scrapes.
window = max(5, round(4 * mesh.prometheus.scrape_interval))
query = (
    'sum by (destination_workload) (rate(istio_requests_total{reporter="source", response_code=~"5.."}[%ds]))'
)
failing = mesh.prometheus.query(query % window)
answer = max(failing, key=lambda sample: sample.value).labels["destination_workload"]
