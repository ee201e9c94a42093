"""RDS: from VirtualServices to Envoy's routes, a file for each part of a route.

    client            who asks, and what it can see: the argument of everything here
    matches           match conditions
    destinations      clusters, weights, headers per destination, hash policies
    headers, retries, faults, cors, mirrors, redirects      one field of an HTTP route each
    http_rule         one entry of `spec.http` -> its routes, in order
    virtual_hosts     sidecars: a virtual host per host and port, and the domains under which it is found

All are pure functions. Source of the rules: Istio's pilot/pkg/networking/core/route and httproute.go.
"""
