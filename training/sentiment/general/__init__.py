"""The recipe ``best``: from a network that knows reviews of films to a smaller one that knows what people type."""
