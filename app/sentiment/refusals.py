"""What is wrong with texts that are not classified or explained."""


class TextTooLong(ValueError):
    """A text, or all texts that are to be explained, have more characters than are taken.

    Attributes:
        detail: What they have, and what they may have.
        index: Which of several texts it is; ``None`` if it is the only one, or all together.
    """

    def __init__(self, characters: int, limit: int, *, index: int | None = None, together: bool = False) -> None:
        found = f"{characters:,} characters; at most {limit:,} are"
        self.detail = f"have {found} explained at once" if together else f"has {found} taken"
        self.index = index
        subject = "The texts" if together else "The text" if index is None else f"Text {index}"
        super().__init__(f"{subject} {self.detail}.")


class TooManyWords(ValueError):
    """Texts have more words than are explained.

    Attributes:
        detail: What they have, and what they may have.
    """

    index = None

    def __init__(self, words: int, limit: int, *, batch: bool) -> None:
        found = f"{words:,} words; at most {limit:,} are explained"
        self.detail = f"have {found}" if batch else f"has {found}"
        subject, them = ("The texts", "them") if batch else ("The text", "it")
        super().__init__(f"{subject} {self.detail}. Send {them} without `explain`, or in parts.")
