"""A program that signs its user in with AuthGate's own Python SDK; its test runs it.

Arguments: flow, issuer, client id, file for tokens. Prints what the SDK shows or opens, then as
JSON who is signed in and with which tokens. Here ``authgate`` is the SDK's package: it runs where
ours is not installed.
"""

import json
import sys
from dataclasses import asdict

from authgate import FlowMode, authenticate  # type: ignore[attr-defined]  # the SDK's

flow, issuer, client_id, store = sys.argv[1:]
client, token = authenticate(
    issuer,
    client_id,
    scopes=["profile", "email"],
    store_path=store,
    local_port=0,
    flow_mode=FlowMode(flow),
)
told = {
    "userinfo": asdict(client.userinfo(token.access_token)),
    "tokeninfo": asdict(client.token_info_request(token.access_token)),
}
if token.refresh_token:
    refreshed = client.refresh_token(token.refresh_token)
    client.revoke(refreshed.refresh_token)
    told["refreshed"] = refreshed.access_token != token.access_token
sys.stdout.write(json.dumps(told))
