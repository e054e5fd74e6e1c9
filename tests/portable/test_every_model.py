"""Nothing that is stored of a tenant is forgotten: each model is in its file, or left out for a
reason."""

import importlib
from pathlib import Path

import pytest
from tortoise.models import Model

from authgate.storage.database import MODEL_MODULES
from authgate.storage.portable.parts import EXPORTED, LEFT_OUT, TENANT

_SOUNDS_SECRET = ("hash", "secret", "sealed", "key", "password")
_OPEN_WORDS = frozenset(
    {
        ("clients", "former_secret_expires_at"),
        ("clients", "secret_expires_at"),
        # Of what lies beside them.
        ("audit_events", "salt"),
        ("audit_events", "commitment"),
        # Hashes of what lies beside them, and who has signed those.
        *(
            ("audit_seals", each)
            for each in (
                "members",
                "root",
                "previous",
                "digest",
                "signature",
                "folded",
                "fold_signature",
                "fold_signer",
                "signer",
                "sealed_at",
            )
        ),
    }
)
"""Columns that sound secret, or could be, and are not."""


@pytest.fixture
def models() -> dict[str, type[Model]]:
    """Every model there is, by its table."""
    found = {}
    for name in MODEL_MODULES:
        module = importlib.import_module(name)
        for each in vars(module).values():
            is_model = isinstance(each, type) and issubclass(each, Model)
            if is_model and each.__module__ == name and not each._meta.abstract:
                found[each._meta.db_table] = each
    return found


def test_every_model_is_exported_or_left_out_with_a_reason(models: dict[str, type[Model]]) -> None:
    exported = [part.model for part in EXPORTED]
    said = [TENANT, *exported, *LEFT_OUT]
    assert len(said) == len(set(said)), "said twice"
    missing = {table for table, model in models.items() if model not in said}
    assert not missing, "say in storage/portable/parts.py what a tenant's file holds of these"
    assert all(reason for reason in LEFT_OUT.values())


def test_ex_12_every_column_that_could_be_a_secret_is_said_to_be_one_or_none() -> None:
    for part in EXPORTED:
        for column in part.columns:
            if (part.table, column.name) in _OPEN_WORDS:
                continue
            if column.kind is bytes or any(word in column.name for word in _SOUNDS_SECRET):
                assert column.name in part.hidden, f"{part.table}.{column.name}"
        assert part.hidden <= {column.name for column in part.columns}


def test_the_page_on_portability_tells_of_every_table() -> None:
    page = (Path(__file__).parents[2] / "docs" / "portability.md").read_text()
    tables = [*(part.table for part in EXPORTED), *(each._meta.db_table for each in LEFT_OUT)]
    assert [table for table in tables if f"`{table}`" not in page] == []
