"""``authgate logout``."""

from typing import Annotated

import typer

from authgate.cli import web_client
from authgate.cli.failures import Failure, Misused, Unhealthy
from authgate.cli.output import say
from authgate.cli.sign_in import proofs, sign_ins
from authgate.cli.sign_in.proofs import Prover
from authgate.cli.sign_in.sign_ins import SignIn

Issuer = Annotated[
    str | None, typer.Argument(help="Which sign-in; the one that commands use if left out")
]
All = Annotated[bool, typer.Option("--all", help="Every sign-in of this machine, and its keys")]


def logout(issuer: Issuer = None, all_: All = False) -> None:
    """Sign out: end what the sign-in was given, at the server too, and forget it."""
    if issuer and all_:
        raise Misused("Either an issuer or --all, not both.")
    with sign_ins.changing() as kept:
        ended = _meant(kept, issuer, every=all_)
        provers = {each.place: proofs.of_sign_in(kept, each.place) for each in ended}
        for each in ended:
            kept.forget(each)
        if all_:
            kept.keys.clear()
    if not ended:
        say("Nobody is signed in.")
    for each in ended:
        _end(each, provers[each.place])
        say(f"✓ {each.name} is signed out of {each.issuer}.")


def _meant(kept: sign_ins.SignIns, issuer: str | None, *, every: bool) -> list[SignIn]:
    if every:
        return list(kept.by_place.values())
    wanted = issuer.rstrip("/") if issuer else kept.active or kept.operating
    return [each for each in kept.by_place.values() if each.issuer == wanted]


def _end(sign_in: SignIn, prover: Prover) -> None:
    """Give back what it was given (RFC 7009): with a refresh token ends what came of it."""
    if sign_in.revocation_endpoint is None:
        return
    form = {
        "token": sign_in.refresh_token or sign_in.access_token,
        "client_id": sign_in.client_id,
    }
    try:
        with web_client.asking(sign_in.issuer) as http:
            request = http.build_request("POST", sign_in.revocation_endpoint, data=form)
            auth = prover.as_client(sign_in.client_id)
            status = web_client.sent(http, request, auth=auth).status_code
    except Failure as error:
        raise Unhealthy(f"{error} {_forgotten(sign_in)}") from error
    if status != 200:
        raise Unhealthy(f"{sign_in.issuer} answers {status}. {_forgotten(sign_in)}")


def _forgotten(sign_in: SignIn) -> str:
    return (
        "The sign-in is forgotten here, and still good at the server: end it at"
        f" {sign_in.issuer}/account/sessions."
    )
