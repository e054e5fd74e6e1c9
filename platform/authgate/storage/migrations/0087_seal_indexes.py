"""Seals are found by where they end, those whose events are gone without the others, and those that
stand for others without any."""

from tortoise import migrations

from authgate.storage.migration_steps import Index, IndexesMadeMeanwhile

_INDEXES = (
    # Not a unique one: a log that somebody has tampered with is migrated as well.
    Index("ends", "(tenant_id, last_seq)"),
    # SQLite takes those whose words are those of the question.
    Index(
        "gone",
        "(tenant_id, first_seq) WHERE gone_at IS NOT NULL",
        sqlite="(tenant_id, first_seq) WHERE NOT gone_at IS NULL",
    ),
    Index(
        "folded",
        "(tenant_id, first_seq) WHERE folded IS NOT NULL",
        sqlite="(tenant_id, first_seq) WHERE NOT folded IS NULL",
    ),
)


class Migration(migrations.Migration):
    dependencies = [("models", "0086_traces")]
    atomic = False

    operations = [IndexesMadeMeanwhile("audit_seals", *_INDEXES)]
