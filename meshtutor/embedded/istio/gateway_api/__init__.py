"""The Gateway API as Istio serves it: Gateways and HTTPRoutes become internal Gateways and VirtualServices.

    objects        what the objects say, as small values
    world          what they may refer to: Services, namespaces, ReferenceGrants
    listeners      a Gateway's listeners -> internal Gateways, one for each
    parents        which listeners (or Services) a route attaches itself to, or why not
    matches, filters, backends      the parts of an HTTPRoute's rule, put together in `http_rules`
    precedence     which match goes first
    conversion     all of it put together: `convert`
    statuses       what is written into the objects: conditions, addresses, attached routes
    managed        the Deployment and Service of a Gateway that has none yet
    controller     writes statuses, the GatewayClass, and what `managed` says

All but the controller are pure functions. Source: Istio's pilot/pkg/config/kube/gateway and gatewaycommon.

Left out: routes other than HTTPRoute, ListenerSets and policies, which admission refuses by name; listeners of other
protocols than HTTP, which a condition does.
"""
