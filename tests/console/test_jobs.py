"""``/admin/jobs``: what is done beside the requests, tried again and let be."""

from urllib.parse import urljoin

from authgate.storage.jobs import kept_jobs
from authgate_tenants import Tenant, use_tenant
from authgate_testing.databases import on_sqlite
from authgate_testing.person import Person, forms
from authgate_testing.server import RunningServer


@on_sqlite
async def test_what_was_given_up_says_why_and_is_tried_again_or_let_be(
    server: RunningServer, acme: Tenant, admin: Person
) -> None:
    with use_tenant(acme):
        for name in ("no-such-job", "neither-this"):
            await kept_jobs.bury(
                name,
                {},
                now=server.clock(),
                attempts=5,
                error="OSError",
                reason="<b>no route</b>",
            )
    here = f"{acme.issuer}/admin/jobs"
    page = await admin.visit(here)
    assert "Given up" in page.text
    assert "&lt;b&gt;no route&lt;/b&gt;" in page.text
    acts = [each for each in forms(page.text) if "/jobs/" in each.action]
    assert len(acts) == 4
    for each, said in ((acts[0], "It is tried again."), (acts[3], "Broken off.")):
        answer = await admin.http.post(
            urljoin(here, each.action), data=each.hidden, follow_redirects=True
        )
        assert said in answer.text
        again = await admin.http.post(
            urljoin(here, each.action), data=each.hidden, follow_redirects=True
        )
        assert again.status_code == 404 or "Nothing was done" in again.text
    with use_tenant(acme):
        [left] = await kept_jobs.every()
    assert left.state == "waiting"
