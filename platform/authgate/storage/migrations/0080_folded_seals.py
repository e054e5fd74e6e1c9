"""Seals whose events are gone are folded into one."""

from tortoise import fields, migrations

from authgate.storage.migration_steps import AddColumn


class Migration(migrations.Migration):
    dependencies = [("models", "0079_usage_hours")]

    operations = [
        AddColumn("AuditSealRow", name, fields.BinaryField(null=True))
        for name in ("folded", "fold_signature", "fold_signer")
    ]
