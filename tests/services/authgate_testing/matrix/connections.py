"""The other providers and directories that a household knows, and whom they know."""

from collections.abc import Mapping

from authgate.accounts.connection_setup import ConnectionSetup
from authgate.installation import Installation
from authgate.storage.people.users import User
from authgate.storage.sign_in import external_identities


async def connected(parts: Installation, word: str, person: User) -> None:
    """One to which browsers are sent and come back, one that has them post its answer, and one
    that is asked about passwords: each knows the person by another name."""
    app = {"client_id": f"hub-{word}", "client_secret": f"hub-secret-{word}"}
    told = {"word": word}
    idp = f"https://idp.{word}.example"
    places: list[tuple[str, str, Mapping[str, object], str, str]] = [
        ("hub", "github", app, "https://github.com", f"1234-{word}"),
        ("posting", "household-posting", told, idp, f"posted-{word}"),
        ("directory", "household-directory", told, idp, f"listed-{word}"),
    ]
    setup = ConnectionSetup(connectors=parts.plugins.connectors, encryption=parts.encryption)
    for position, (name, connector, config, issuer, subject) in enumerate(places):
        connection = await setup.add(
            slug=f"{name}-{word}",
            connector=connector,
            config=config,
            label=f"{name} of {word}",
            position=position,
        )
        await external_identities.link(
            connection_id=connection.id,
            issuer=issuer,
            subject=subject,
            user_id=person.id,
            username=f"{name}-{word}",
            now=parts.clock(),
        )
