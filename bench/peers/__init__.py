"""What the service is measured against: servers that are started, each in an environment of its own if need be."""
