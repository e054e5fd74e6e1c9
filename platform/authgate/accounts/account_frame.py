"""What is around a person's own pages."""

from typing import TypedDict

from authgate.accounts.visits import signed_in
from authgate_tenants import current_tenant

ACCOUNT = "/account"


class Frame(TypedDict):
    """The fields of an ``AccountPage``."""

    signed_in_as: str
    account_url: str
    sign_out_action: str


def frame() -> Frame:
    """It, for whoever sent the request. Raises ``NotSignedIn``."""
    prefix = current_tenant().prefix
    return Frame(
        signed_in_as=signed_in().user.username,
        account_url=f"{prefix}{ACCOUNT}",
        sign_out_action=f"{prefix}/logout",
    )
