"""Benchmarks: the service against its peers, side by side in one run. ``python -m bench`` runs them."""
