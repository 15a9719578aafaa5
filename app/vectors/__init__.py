"""Word vectors: spaces of them, neighbours, analogies."""
