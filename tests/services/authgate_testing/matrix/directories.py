"""What another directory does by SCIM."""

from authgate_testing.matrix.walk import Walk
from authgate_testing.scim import GROUP, SEARCH, USER, Directory
from authgate_testing.scim import person as provisioned


async def provisioning(walk: Walk) -> None:
    """All that one says of people and groups."""
    word, home = walk.home.word, walk.home
    by = Directory(walk.http, home.tenant, home.scim_token)
    await by.get("/ServiceProviderConfig")
    for kind, name in (("Schemas", USER), ("ResourceTypes", "User")):
        await by.get(f"/{kind}")
        await by.get(f"/{kind}/{name}")
    await by.get("/Users", count="1", attributes="userName")
    first = await by.get("/Users", count="1", cursor="")
    await by.get("/Users", count="1", cursor=first.json()["nextCursor"])
    here = f"/Users/{home.member.id}"
    for wanted in (f'userName eq "{home.member.username}"', f'externalId eq "ext-{word}"'):
        await by.get("/Users", filter=wanted)
        await by.call("POST", "/Users/.search", {"schemas": [SEARCH], "filter": wanted})
    await by.get(here)
    said = provisioned(f"new-{word}", externalId=f"new-{word}", displayName=f"New {word}")
    said |= {"emails": [{"value": f"new@{word}.example"}]}
    async with walk.undone():
        await by.call("POST", "/Users", said)
    async with walk.undone():
        await by.call("PUT", here, said)
    async with walk.undone():
        await by.patch(here, {"op": "replace", "path": "externalId", "value": f"x-{word}"})
    await _provisioned_groups(walk, by)
    async with walk.undone():
        await by.call("DELETE", here)


async def _provisioned_groups(walk: Walk, by: Directory) -> None:
    word, member = walk.home.word, {"value": str(walk.home.member.id)}
    said = {"schemas": [GROUP], "displayName": f"More {word}", "externalId": f"more-{word}"}
    made = (await by.call("POST", "/Groups", said | {"members": [member]})).json()
    here = f"/Groups/{made['id']}"
    await by.get("/Groups", count="1", cursor="")
    wanted = f'externalId eq "more-{word}"'
    await by.get("/Groups", filter=wanted)
    await by.call("POST", "/Groups/.search", {"schemas": [SEARCH], "filter": wanted})
    await by.get(here)
    async with walk.undone():
        await by.call("PUT", here, said | {"displayName": f"Other {word}"})
    for op in ("remove", "add"):
        async with walk.undone():
            await by.patch(here, {"op": op, "path": "members", "value": [member]})
    adding = {"op": "add", "path": "members", "value": [member]}
    async with walk.undone():
        await by.bulk(
            {"method": "PATCH", "path": here, "data": {"Operations": [adding]}},
            {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"userName": word}},
        )
    await by.call("DELETE", here)
