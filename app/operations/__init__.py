"""What operators need: health, metrics and logs."""
