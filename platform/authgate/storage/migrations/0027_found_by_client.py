"""What a client has is found without reading what all the others have."""

from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0026_tenant_deletions")]

    operations = [
        ops.AddIndex(model_name=model, index=Index(fields=["tenant_id", "client_id"]))
        for model in ("AuthorizationCode", "Consent", "SessionClient")
    ]
