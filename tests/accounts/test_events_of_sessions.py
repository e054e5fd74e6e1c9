"""The audit log says in which session of a browser something happened."""

from authgate.audit import Event
from authgate.storage.people.users import User
from authgate.storage.sign_in.sessions import Session
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.ledger import Ledger
from authgate_testing.person import Person
from authgate_testing.server import RunningServer


@on_sqlite
async def test_what_happens_in_a_session_names_it_and_what_happens_outside_names_none(
    server: RunningServer, acme: Tenant, alice: User, ledger: Ledger
) -> None:
    person = Person(server.browser())
    await person.sign_in(acme.issuer, "alice", "wrong")
    await person.sign_in(acme.issuer, "alice")
    await person.visit(f"{acme.issuer}/account")
    await person.submit({}, to="/logout")
    with use_tenant(acme):
        (session,) = await Session.filter(user_id=alice.id)
    said = {each.event_type: each.session_id for each in await ledger.events(acme)}
    assert said[Event.AUTHENTICATION_FAILURE] == ""
    assert said[Event.AUTHENTICATION_SUCCESS] == str(session.id)
    assert said[Event.LOGOUT] == str(session.id)
