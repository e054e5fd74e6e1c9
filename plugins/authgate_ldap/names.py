"""Distinguished names (RFC 4514)."""

_SPECIAL = '"+,;<>\\='


def escaped(value: str) -> str:
    """A value as it may stand in a distinguished name, whatever is in it (RFC 4514 section 2.4)."""
    plain = "".join(f"\\{each}" if each in _SPECIAL else each for each in value)
    plain = plain.replace("\0", "\\00")
    if plain[:1] in (" ", "#"):
        plain = f"\\{plain}"
    if len(value) > 1 and plain.endswith(" "):
        plain = f"{plain[:-1]}\\ "
    return plain
