"""DestinationRule traffic policies, one file each: what they say, and the fields of Envoy's cluster that they set."""
