"""What all tenants came to on a day is found by the day."""

from tortoise import migrations

from authgate.storage.migration_steps import Index, IndexesMadeMeanwhile

_OF_ALL_CLIENTS = Index("day", "(day) WHERE client_id = ''")


class Migration(migrations.Migration):
    dependencies = [("models", "0081_installation_days")]
    atomic = False

    operations = [IndexesMadeMeanwhile("usage_days", _OF_ALL_CLIENTS)]
