"""What cannot be of a tenant, said so that a page can say it in its reader's language."""

from collections.abc import Mapping
from typing import LiteralString


class Unfit(ValueError):
    """Something that cannot be. Its text is ``message``, with a value for each
    ``%(name)s``."""

    def __init__(self, message: LiteralString, **values: object) -> None:
        super().__init__(message % values if values else message)
        self.message: str = message
        self.values: Mapping[str, object] = values
