"""scim2-tester reads what a tenant says of its SCIM service, and holds the service to that."""

from pathlib import Path

from authgate_tenants import TenantSettings
from authgate_testing.conversation import outcome
from authgate_testing.issuers import MakeIssuer
from authgate_testing.scim import given_token

PROGRAM = Path(__file__).parent / "programs/scim_program.py"

SO_BE_IT = (
    # Nothing searches people and groups at once (RFC 7644 section 3.4.3 lets a service).
    "search_with_attributes: ",
    # The only address that somebody has is the primary one, whatever was said of it.
    "check_add_attribute: PATCH modify() returned unexpected value for 'emails'",
    "check_replace_attribute: PATCH modify() returned unexpected value for 'emails'",
    # Nobody is neither active nor not.
    "check_remove_attribute: PATCH modify() did not remove attribute 'active'",
)


async def test_everything_that_is_said_of_scim_is_so(
    make_issuer: MakeIssuer, clients_python: Path
) -> None:
    limits = {"api_per_caller": "1000/s burst 10000"}
    issuer = await make_issuer(TenantSettings(login_limits=limits))
    base_url, token = f"{issuer.url}/scim/v2", await given_token(issuer.tenant)
    told = await outcome(clients_python, PROGRAM, given={"base_url": base_url, "token": token})
    other = [each for each in told["other"] if not each.startswith(SO_BE_IT)]
    assert not other, "\n".join(other)
    assert told["passed"] > 50
