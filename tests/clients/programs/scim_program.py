"""Asks a SCIM service all that scim2-tester knows to ask, and says how it was answered."""

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server
from talking import given, say

asked = given()
with Client(
    base_url=asked["base_url"],
    headers={"Authorization": f"Bearer {asked['token']}"},
    timeout=60,
) as http:
    results = check_server(SyncSCIMClient(http))
    say(
        passed=sum(each.status in (Status.SUCCESS, Status.COMPLIANT) for each in results),
        other=[
            f"{each.title}: {each.reason}"
            for each in results
            if each.status not in (Status.SUCCESS, Status.COMPLIANT, Status.SKIPPED)
        ],
    )
