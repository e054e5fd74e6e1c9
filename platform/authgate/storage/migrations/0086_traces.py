"""Where somebody who leaves is named, in lines of files of people and in links, is found by index."""

from tortoise import migrations

from authgate.storage.migration_steps import Index, IndexesMadeMeanwhile


class Migration(migrations.Migration):
    dependencies = [("models", "0085_alerts")]
    atomic = False

    operations = [
        IndexesMadeMeanwhile(
            "user_import_lines",
            Index("of_name", "(tenant_id, username)"),
            Index("of_address", "(tenant_id, email)"),
        ),
        IndexesMadeMeanwhile(
            "mailed_links", Index("of_address", "(tenant_id, upper(CAST(email AS VARCHAR)))")
        ),
    ]
