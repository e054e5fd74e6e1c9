"""Secrets go to no other place than they were entered for, and who people are is said by nobody
else than before, unless whoever changes it may."""

from collections.abc import Collection, Mapping

from authgate.plugin_api import ConfigField, ConnectorConfigError


def refuse_moved(
    fields: Collection[ConfigField],
    *,
    was: Mapping[str, object],
    becomes: Mapping[str, object],
    entered: Collection[str],
) -> None:
    """Where one of the fields that are a place is another than it was, each secret has to be among
    what was entered now. Raises ``ConnectorConfigError`` for one that is not."""
    moved = [each.label for each in fields if each.place and not _same(was, becomes, each)]
    kept = [
        each.name
        for each in fields
        if each.secret and each.name in becomes and each.name not in entered
    ]
    if moved and kept:
        raise ConnectorConfigError(kept[0], f"must be entered again, since {moved[0]} is another")


def other_voucher(
    fields: Collection[ConfigField], *, was: Mapping[str, object], becomes: Mapping[str, object]
) -> ConfigField | None:
    """A field that says whose word counts for who people are, and is another than it was."""
    vouching = (each for each in fields if each.vouches or each.place)
    return next((each for each in vouching if not _same(was, becomes, each)), None)


def _same(was: Mapping[str, object], becomes: Mapping[str, object], field: ConfigField) -> bool:
    former, now = (each.get(field.name, field.default) for each in (was, becomes))
    if isinstance(former, (list, tuple)) and isinstance(now, (list, tuple)):
        return set(former) == set(now)
    return bool(former == now)
