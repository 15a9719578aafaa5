"""What operators need: health, metrics, logs, and the list of models."""
