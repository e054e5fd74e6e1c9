"""Whether this process has been told to leave: it still answers, but wants no new work."""

_told = False


def begin() -> None:
    """From now on this process is leaving."""
    global _told  # noqa: PLW0603  # a process leaves once, and as a whole
    _told = True


def has_begun() -> bool:
    """Whether it is leaving."""
    return _told
