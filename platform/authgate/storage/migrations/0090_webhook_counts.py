"""What waits for webhooks, and what was given up, is counted without reading what was delivered."""

from tortoise import migrations

from authgate.storage.migration_steps import Index, IndexesMadeMeanwhile

_INDEXES = (
    Index("waiting", "(created_at) WHERE status = 'pending'"),
    Index("dead", "(created_at) WHERE status = 'failed'"),
)


class Migration(migrations.Migration):
    dependencies = [("models", "0089_webhooks_looked_at")]
    atomic = False

    operations = [IndexesMadeMeanwhile("webhook_deliveries", *_INDEXES)]
