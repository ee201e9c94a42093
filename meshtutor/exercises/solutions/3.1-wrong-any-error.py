# Wrong: 4xx says that the caller asked for nonsense.
window = max(5, round(4 * mesh.prometheus.scrape_interval))
query = (
    'sum by (destination_workload) (rate(istio_requests_total{reporter="source", response_code!="200"}[%ds]))'
)
failing = mesh.prometheus.query(query % window)
answer = max(failing, key=lambda sample: sample.value).labels["destination_workload"]
