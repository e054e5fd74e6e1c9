"""How far each signing key has come, once more, where it is only added to."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from uuid_utils.compat import uuid7

from authgate.storage.keys.signing_keys import KeyState


class Migration(migrations.Migration):
    dependencies = [("models", "0019_not_before")]

    operations = [
        ops.CreateModel(
            name="SigningKeyStep",
            fields=[
                (
                    "id",
                    fields.UUIDField(primary_key=True, default=uuid7, unique=True, db_index=True),
                ),
                ("tenant_id", fields.UUIDField()),
                ("kid", fields.CharField(max_length=64)),
                (
                    "state",
                    fields.CharEnumField(
                        description="PENDING: pending\nACTIVE: active\nRETIRING: retiring\nREVOKED: revoked",
                        enum_type=KeyState,
                        max_length=16,
                    ),
                ),
                ("sealed", fields.BinaryField()),
            ],
            options={
                "table": "signing_key_steps",
                "app": "models",
                "unique_together": (("tenant_id", "kid", "state"), ("tenant_id", "id")),
                "pk_attr": "id",
                "table_description": "A state that a key has come to, sealed.",
            },
            bases=["TenantOwned"],
        ),
    ]
