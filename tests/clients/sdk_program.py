"""A program that signs its user in with AuthGate's own Python SDK; its test runs it.

Arguments: issuer, client id, file for tokens. Prints the code that the SDK shows, then as JSON
who is signed in. Here ``authgate`` is the SDK's package: it runs where ours is not installed.
"""

import json
import sys
from dataclasses import asdict

from authgate import FlowMode, authenticate  # type: ignore[attr-defined]  # the SDK's

issuer, client_id, store = sys.argv[1:]
client, token = authenticate(
    issuer,
    client_id,
    scopes=["profile", "email"],
    store_path=store,
    flow_mode=FlowMode.DEVICE,
)
sys.stdout.write(
    json.dumps(
        {
            "userinfo": asdict(client.userinfo(token.access_token)),
            "tokeninfo": asdict(client.token_info_request(token.access_token)),
        }
    )
)
