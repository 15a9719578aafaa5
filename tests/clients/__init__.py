"""Clients of other protocols, each in an environment of its own, and small programs that use them as their users do."""
