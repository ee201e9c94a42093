"""What `kubectl get` prints: server-side tables (meta.k8s.io/v1 Table).

`workloads`, `network`, `cluster` hold the columns of the built-in kinds, `custom` those of CRDs,
`table` puts rows together. A cell is computed from one object alone. Source: pkg/printers/internalversion/printers.go.
"""
