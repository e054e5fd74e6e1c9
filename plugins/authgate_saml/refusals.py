"""What is wrong with an answer: in a few words, told to administrators."""


class Unfit(ValueError):
    """An answer that signs nobody in here and now."""

    about = "the response"

    def __str__(self) -> str:
        return f"{self.about} {super().__str__()}"
