"""Protocols of other servers, whose clients talk to this service unchanged."""
