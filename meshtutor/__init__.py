"""Learn the service mesh with Istio in notebooks, on real Envoys."""
