"""What makes an Istio object wrong although its shape is right: Istio's webhook as pure functions.

    problem        one finding: path, sentence, severity
    names, values  texts that have a grammar: hosts, labels, ports; durations, expressions, headers
    shape          what the schema's notation says: durations, at most one of several fields
    kinds          which checks a kind has; the other files are those checks, one per kind or part of one
    unsupported    what Istio knows and the lab does not do yet: refused by name
    limits         the same, where it depends on several fields
    delegation     rules that delegate: warnings; certificates: Secrets, and the names of those that are needed
    gateway_conflicts
                   servers that claim the same port or name: warnings
    rivals         objects that choose pods: several for the same ones, or none: warnings
    telemetries    Telemetry objects; providers: those that they name, and MeshConfig's: warnings
    shared_hosts   ServiceEntries that are not alone with a name, or select nobody: warnings
    references     what names something that is not there: warnings with istioctl analyze's codes
    admission      all of it as the API server's validator

What belongs here: functions of one object (references: of all objects) that say what is wrong. Types, required
fields and enums are the schema's (embedded/crds). Source: Istio's pkg/config/validation and pkg/config/analysis.
"""
