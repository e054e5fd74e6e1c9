"""Makes the tables, the clients, a person and her token; prints the token."""

import os
from datetime import timedelta

import django
from django.core.management import call_command
from django.utils import timezone

django.setup()

from django.contrib.auth.models import User  # noqa: E402  # only after django.setup()
from oauth2_provider.models import AccessToken, Application  # noqa: E402

call_command("migrate", verbosity=0)
alice = User.objects.create(username="alice", first_name="Alice", email="alice@bench.example")
Application.objects.create(
    client_id="machine",
    client_secret=os.environ["PEER_SECRET"],
    # Hashed as by default it would take PBKDF2 a good part of a second at each request.
    hash_client_secret=False,
    client_type=Application.CLIENT_CONFIDENTIAL,
    authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
)
device = Application.objects.create(
    client_id="device",
    client_type=Application.CLIENT_PUBLIC,
    authorization_grant_type=Application.GRANT_DEVICE_CODE,
)
token = AccessToken.objects.create(
    user=alice,
    application=device,
    token="a-token-of-alice-that-speaks-for-her",
    expires=timezone.now() + timedelta(hours=10),
    scope="openid profile email",
)
print(token.token)
