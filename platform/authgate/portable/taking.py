"""Rows of a file, as the tables here take them: checked, opened, and sealed anew."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from authgate.portable.document import Rows, UnfitFile
from authgate.portable.passphrase import FileKeys, WrongPassphrase
from authgate.storage.portable.columns import Column, UnfitValue, taken_row
from authgate.storage.portable.parts import Part
from authgate_tenants.encryption import TenantCipher


class Taking:
    """Takes rows of one part from a file; without a cipher for looking only."""

    def __init__(
        self, part: Part, columns: Sequence[str], keys: FileKeys, cipher: TenantCipher | None
    ) -> None:
        self._part = part
        self._keys = keys
        self._cipher = cipher
        self._missing = [each for each in part.columns if each.name not in columns]
        for column in self._missing:
            if column.default is None and not column.optional:
                raise UnfitFile(f"{part.table} lacks the column {column.name}.")

    def page(self, page: Rows, held: Mapping[str, Any] = MappingProxyType({})) -> list[list[Any]]:
        """The rows of a page, each with what is ``held`` of it. Raises ``UnfitFile``."""
        taken = []
        for line, row in enumerate(page.rows, page.first_line):
            try:
                taken.append(self.taken({**row, **held}))
            except UnfitFile as error:
                raise error.at(line, page.part.table) from error.__cause__
        return taken

    def taken(self, row: dict[str, Any]) -> list[Any]:
        """Values in the order of the part's columns. Raises ``UnfitFile``."""
        try:
            opened = self._opened(row) if self._part.hidden else row
            taken = taken_row(opened, self._part.columns)
        except UnfitValue as error:
            raise UnfitFile(f"A row of {self._part.table} does not fit: {error}.") from error
        if self._cipher is not None:
            for name in self._part.sealed:
                taken[name] = self._resealed(name, taken[name], row)
        return [taken[column.name] for column in self._part.columns]

    def _opened(self, row: dict[str, Any]) -> dict[str, Any]:
        opened = dict(row)
        for column in self._part.columns:
            name = column.name
            if name in self._part.hidden and row.get(name) is not None:
                try:
                    secret = self._keys.open(row[name], self._part.table, str(row["id"]), name)
                except WrongPassphrase as error:
                    raise UnfitFile(
                        f"A secret of {self._part.table} was sealed for another place."
                    ) from error
                opened[name] = _as_json(column, secret)
        return opened

    def _resealed(self, name: str, value: bytes | None, row: dict[str, Any]) -> bytes | None:
        if not value or self._cipher is None:
            return value
        place = self._part.sealed[name]
        return self._cipher.seal(
            kind=place.kind.format_map(row),
            object_id=place.object_id.format_map(row),
            plaintext=value[1:],
        )


def _as_json(column: Column, secret: bytes) -> Any:
    if column.kind is bytes:
        return column.told(secret)
    try:
        return secret.decode()
    except UnicodeDecodeError as error:
        raise UnfitValue(f"{column.name} is no text") from error
