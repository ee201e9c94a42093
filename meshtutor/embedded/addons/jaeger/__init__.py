"""A trace store in the box: what Jaeger's all-in-one is to Istio, small enough for a laptop.

Runs as the pod `jaeger` of istio-system (`python -m meshtutor.embedded.addons.jaeger`), a process of its own.

    receivers    spans in:  OTLP over HTTP (4318, protobuf and JSON) and Zipkin v2 (9411); otlp_grpc (4317)
    otlp, otlp_json, zipkin   what a report says -> Span values; otlp_messages: the protobuf
    store        spans kept, packed, bounded in number and bytes (vocabulary, records)
    search       which traces a query means; dependencies: who called whom
    query        out again: Jaeger's query API (16686); parameters and answers: its text, rendering: its JSON

What belongs here: the collector and the query API, so that a client of Jaeger cannot tell them from Jaeger's own.
What does not: how proxies are told to trace (`embedded.istio.tracing`), what a learner sees (`telemetry.traces`).

Left out: Jaeger's user interface, archive, metrics (`/api/metrics/…` answers 501, as Jaeger does without a metrics
store), sampling strategies, Jaeger's own thrift and gRPC receivers (deprecated there), API v3, and clock-skew
adjustment (there is one clock here).
"""
