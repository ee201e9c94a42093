"""Istio's rules as pure functions: a snapshot of the cluster's objects in, Envoy's resources out.

Reads from left to right: `snapshot` (objects and their indices) -> `translate` (what each proxy shall have) ->
`pilot` (the loop that watches the API, translates, and hands the result to `embedded.xds`).

    service_entries, workload_entries, registry   hosts from outside of Kubernetes; which of them a client means
    mesh_config, hosts, workloads, rules, delegates, destination_rules
                                                  what the objects say, as small immutable values
    clusters, discovery, endpoints, policy/       CDS and EDS of other services
    inbound, listeners                            LDS, and the cluster in front of the pod's own app
    http_connection, tcp_connection               what is in a listener's chains: requests are seen, or bytes passed on
    routes/                                       RDS of sidecars; and the parts of a route, one file each
    gateway_servers, gateways, gateway_routes, gateway_bytes
                                                  LDS and RDS of gateways; chains that lead bytes to clusters themselves
    gateway_api/                                  the Gateway API, made into rules as above; its statuses
    transport, server_tls, client_tls             TLS: between proxies, at gateways, towards services
    credentials                                   certificates from Secrets
    telemetry, access_log                         metrics and access logs
    consistency                                   what must hold before anything is published
    pilot, debug, metrics                         the loop, and istiod's HTTP endpoints
    webhooks                                      what validation and injection count

What belongs here: knowledge of Istio's API and of Envoy's configuration. What does not: sockets (but for istiod's own
HTTP page in `debug`), processes, clocks in translation, and the wire protocol (`embedded.xds`).
Names and defaults follow Istio 1.30; each file names its source. Where the capture of traffic by `http_proxy` instead
of iptables forces a difference, a comment says so.
"""
