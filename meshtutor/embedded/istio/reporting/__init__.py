"""What a proxy reports of the requests it sees: Istio's Telemetry kind and the providers of MeshConfig. Pure.

    objects      Telemetry objects as values, and which of them apply to a workload
    spans        tracing: what they say together -> `HttpConnectionManager.tracing`
    logs         access logs: their providers and filters
    metrics      which metrics are counted, and with which labels
    report, reports
                 all of it for one proxy, as its connection managers take it

What belongs here: which reports are made, and where they go. What does not: how a report looks (`istio.telemetry`:
metrics, `istio.access_log`, `istio.tracing`).
Source: Istio's pilot/pkg/model/telemetry.go; istio.io, "Telemetry".
"""
