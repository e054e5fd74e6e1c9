"""Messages of syslog over TLS, as a receiver takes them apart (RFC 5425 section 4.3)."""


def messages(received: bytes) -> list[bytes]:
    """Whole ones, and nothing else."""
    found = []
    while received:
        length, _, rest = received.partition(b" ")
        found.append(rest[: int(length)])
        assert len(found[-1]) == int(length)
        received = rest[int(length) :]
    return found
