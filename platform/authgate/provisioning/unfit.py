"""What is said of a client that cannot be."""


class UnfitClient(ValueError):
    """Something about a client that cannot be; ``field`` is what would have to be another."""

    def __init__(self, field: str, fault: str) -> None:
        super().__init__(fault)
        self.field = field
