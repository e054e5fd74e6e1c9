"""What kind of value a setting takes, for those that ask for it: forms, the API and the CLI."""

from authgate.plugin_api import ConfigField

_KINDS: dict[object, str] = {str: "text", int: "number", bool: "switch"}


def kind_of(field: ConfigField) -> str:
    """``text``, ``document``, ``number``, ``switch``, ``list`` or ``secret``."""
    if field.lines:
        return "document"
    return "secret" if field.secret else _KINDS.get(field.type, "list")
