"""What ends a command with one sentence instead of a traceback."""


class TrainingError(Exception):
    """Something that the user can put right. The message is one sentence that says what, where, and what to do."""
