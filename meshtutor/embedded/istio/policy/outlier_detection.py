"""`outlierDetection`: endpoints that fail are taken out for a while (cluster_traffic_policy.go, applyOutlierDetection).

Istio's defaults differ from Envoy's: detection by success rate is off, gateway errors count only when asked for, and
the panic threshold is 0 (Envoy: 50 %), so that all endpoints may be ejected if `maxEjectionPercent` lets them.
"""

from __future__ import annotations

from typing import Any

from meshtutor.embedded.istio.policy.merge import Policy
from meshtutor.embedded.istio.reading import duration


def apply(cluster: Any, policy: Policy) -> None:
    """Set detection on the cluster, if the rule has any."""
    found = policy.get("outlierDetection")
    if found is None:
        return
    detection = cluster.outlier_detection
    detection.enforcing_success_rate.value = 0
    _failures(detection, found)
    if found.get("interval"):
        detection.interval.CopyFrom(duration(found["interval"]))
    if found.get("baseEjectionTime"):
        detection.base_ejection_time.CopyFrom(duration(found["baseEjectionTime"]))
    if percent := int(found.get("maxEjectionPercent") or 0):
        detection.max_ejection_percent.value = percent
    if found.get("splitExternalLocalOriginErrors"):
        detection.split_external_local_origin_errors = True
        if local := found.get("consecutiveLocalOriginFailures"):
            detection.consecutive_local_origin_failure.value = int(local)
            detection.enforcing_consecutive_local_origin_failure.value = 100
        detection.enforcing_local_origin_success_rate.value = 0
    minimum = int(found.get("minHealthPercent") or 0)
    cluster.common_lb_config.healthy_panic_threshold.value = float(minimum)


def _failures(detection: Any, found: Policy) -> None:
    """Counts of failures in a row; 0 switches a kind off. Istio does not read the older `consecutiveErrors`."""
    errors = found.get("consecutive5xxErrors")
    if errors is not None:
        detection.consecutive_5xx.value = int(errors)
        detection.enforcing_consecutive_5xx.value = 100 if int(errors) else 0
    gateway = found.get("consecutiveGatewayErrors")
    if gateway is not None:
        detection.consecutive_gateway_failure.value = int(gateway)
        detection.enforcing_consecutive_gateway_failure.value = 100 if int(gateway) else 0
