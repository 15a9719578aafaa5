"""The commands of ``python -m training``: each takes its arguments, does the work, and says what came out."""
