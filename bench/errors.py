"""What can keep the benchmark from measuring."""


class BenchError(Exception):
    """Something that the benchmark needs is missing or failed. The message is one sentence that says what to do."""
