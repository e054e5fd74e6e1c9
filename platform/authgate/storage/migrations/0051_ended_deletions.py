"""Deletions that have ended lately are found without reading all that there ever were."""

from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0050_tenant_imports")]

    operations = [ops.AddIndex("TenantDeletion", index=Index(fields=["state", "ended_at"]))]
