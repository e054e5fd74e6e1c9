"""``/admin/domains``: the tenant's own hosts, and by which of them it is called."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from quart import Blueprint, Response, request

from authgate import provisioning
from authgate.accounts.standing import actor
from authgate.admin.console import frame
from authgate.admin.console.frame import ROOT, Console, done
from authgate.languages import told
from authgate.permissions import Area, reads, writes
from authgate.provisioning import DomainInUse, UnfitIssuer, domain_proof
from authgate.provisioning.domain_proof import Findings
from authgate.storage.sign_in import connections
from authgate.web.console_view_models import Done
from authgate.web.domain_view_models import (
    DomainFields,
    DomainLine,
    DomainsPage,
    IssuerLine,
    LookedAt,
)
from authgate_tenants import domains
from authgate_tenants.domains import BadHost, DomainProven, HostTaken, TooManyHosts, UnknownDomain

_HERE = "/domains"


class DomainPages:
    """The tenant's hosts."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("domains")
        routes.get(f"{ROOT}{_HERE}", self.show, reads(Area.DOMAINS))
        routes.post(f"{ROOT}{_HERE}", self.add, writes(Area.DOMAINS))
        routes.post(f"{ROOT}{_HERE}/check", self.check, writes(Area.DOMAINS))
        routes.post(f"{ROOT}{_HERE}/remove", self.remove, writes(Area.DOMAINS))
        routes.post(f"{ROOT}{_HERE}/issuer", self.call, writes(Area.DOMAINS))
        routes.post(f"{ROOT}{_HERE}/end-overlap", self.end_overlap, writes(Area.DOMAINS))
        return routes.blueprint

    async def show(self) -> Response:
        """All of them."""
        return await self._page()

    async def add(self) -> Response:
        """Another claim, or what is wrong with it."""
        host = (await request.form).get("host", "").strip()
        try:
            await provisioning.add_domain(self._console.parts, host, actor=actor())
        except (BadHost, TooManyHosts) as error:
            return await self._page(fields=DomainFields(host), faults={"host": told(error)})
        return done(_HERE, Done.DOMAIN_ADDED)

    async def check(self) -> Response:
        """What each place says that is asked for the proof."""
        host = (await request.form).get("host", "")
        try:
            domain, findings = await provisioning.check_domain(
                self._console.parts, host, actor=actor()
            )
        except UnknownDomain:
            return done(_HERE, Done.NOTHING)
        except HostTaken:
            return await self._page(taken=True)
        return await self._page(looked_at={domain.host: findings})

    async def remove(self) -> Response:
        """One less."""
        host = (await request.form).get("host", "")
        try:
            await provisioning.remove_domain(self._console.parts, host, actor=actor())
        except (UnknownDomain, DomainInUse):
            return done(_HERE, Done.NOTHING)
        return done(_HERE, Done.DOMAIN_REMOVED)

    async def call(self) -> Response:
        """Another canonical issuer."""
        form = await request.form
        days = form.get("overlap_days", "")
        try:
            overlap = timedelta(days=int(days) if days else provisioning.OVERLAP.days)
            await provisioning.make_canonical(
                self._console.parts, form.get("host", ""), overlap=overlap, actor=actor()
            )
        except UnfitIssuer as error:
            return await self._page(faults={"issuer": str(error)})
        except (UnknownDomain, ValueError, OverflowError):
            return done(_HERE, Done.NOTHING)
        return done(_HERE, Done.ISSUER_CHANGED)

    async def end_overlap(self) -> Response:
        """The former issuer is taken no longer."""
        try:
            await provisioning.end_overlap(self._console.parts, actor=actor())
        except UnfitIssuer:
            return done(_HERE, Done.NOTHING)
        return done(_HERE, Done.OVERLAP_ENDED)

    async def _page(
        self,
        *,
        fields: DomainFields = DomainFields(),  # noqa: B008  # frozen
        faults: Mapping[str, str] | None = None,
        looked_at: Mapping[str, Findings] | None = None,
        taken: bool = False,
    ) -> Response:
        content = DomainsPage(
            frame=await self._console.frame(),
            add_action=frame.url(_HERE),
            check_action=frame.url(f"{_HERE}/check"),
            remove_action=frame.url(f"{_HERE}/remove"),
            canonical_action=frame.url(f"{_HERE}/issuer"),
            end_action=frame.url(f"{_HERE}/end-overlap"),
            issuer=await self._issuer(),
            domains=await self._lines(looked_at or {}),
            overlap_days=provisioning.OVERLAP.days,
            longest_overlap_days=provisioning.LONGEST_OVERLAP.days,
            taken=taken,
            callbacks=[f"/login/{each.slug}/callback" for each in await connections.every()],
            fields=fields,
            faults=faults or {},
        )
        return self._console.show("domains.html", content, 400 if faults else 200)

    async def _issuer(self) -> IssuerLine:
        state = await provisioning.issuer_state(self._console.parts)
        return IssuerLine(
            issuer=state.issuer,
            is_own=state.host is not None,
            former=state.former_issuer,
            former_host=state.former_host or "",
            former_until=state.former_until,
        )

    async def _lines(self, looked_at: Mapping[str, Findings]) -> Sequence[DomainLine]:
        states = await provisioning.domain_states(self._console.parts)
        return [
            DomainLine(
                host=each.host,
                state=states[each.host],
                record=domain_proof.record(each.host),
                value=domain_proof.value(each),
                address=domain_proof.address(each.host),
                stated=each.proof == DomainProven.STATED,
                checked_at=each.checked_at,
                missing_since=each.missing_since,
                looked_at=_steps(looked_at.get(each.host)),
            )
            for each in await domains.every()
        ]


def _steps(findings: Findings | None) -> Sequence[LookedAt]:
    if findings is None:
        return ()
    return [LookedAt(each.kind, each.place, each.outcome, each.said) for each in findings.steps]
