"""``/admin/limits``: how much of the plan is used, which limits hold, and who is kept out."""

from collections.abc import Mapping

from quart import Blueprint, Response, request

from authgate.accounts.standing import actor
from authgate.accounts.visits import visitor
from authgate.admin.console import frame
from authgate.admin.console.frame import ROOT, Console, done
from authgate.languages import text, told
from authgate.permissions import Area, reads, writes
from authgate.provisioning.address_blocks import LONGEST_REASON, block_address, unblock_address
from authgate.storage.tenants import plan_use
from authgate.web.console_view_models import Done
from authgate.web.limits import limits_in_force
from authgate.web.limits_view_models import BlockFields, BlockLine, LimitsPage, QuotaLine
from authgate_tenants import blocks, current_tenant
from authgate_tenants.blocked import BadNetwork
from authgate_tenants.blocks import UnknownBlock

_HERE = "/limits"


class LimitPages:
    """The tenant's plan, and the addresses that it keeps out."""

    def __init__(self, *, console: Console) -> None:
        self._console = console

    def blueprint(self) -> Blueprint:
        """The routes."""
        routes = self._console.routes("limits")
        routes.get(f"{ROOT}{_HERE}", self.show, reads(Area.LIMITS))
        routes.post(f"{ROOT}{_HERE}/block", self.block, writes(Area.LIMITS))
        routes.post(f"{ROOT}{_HERE}/let-in", self.let_in, writes(Area.LIMITS))
        return routes.blueprint

    async def show(self) -> Response:
        """All of it; a link may have filled in an address."""
        return await self._page(BlockFields(request.args.get("address", "")[:64]), {})

    async def block(self) -> Response:
        """Keep an address out, or say what is wrong with it."""
        form = await request.form
        fields = BlockFields(form.get("network", "").strip(), form.get("reason", "").strip())
        if len(fields.reason) > LONGEST_REASON:
            fault = text("At most %(most)s characters.", most=LONGEST_REASON)
            return await self._page(fields, {"reason": fault})
        try:
            await block_address(
                self._console.parts,
                fields.network,
                reason=fields.reason,
                own=visitor().facts.ip,
                actor=actor(),
            )
        except BadNetwork as error:
            return await self._page(fields, {"network": told(error)})
        return done(_HERE, Done.ADDRESS_BLOCKED)

    async def let_in(self) -> Response:
        """Let an address in again."""
        network = (await request.form).get("network", "")
        try:
            await unblock_address(self._console.parts, network, actor=actor())
        except (BadNetwork, UnknownBlock):
            return done(_HERE, Done.NOTHING)
        return done(_HERE, Done.ADDRESS_LET_IN)

    async def _page(self, fields: BlockFields, faults: Mapping[str, str]) -> Response:
        used = await plan_use.of_everything(self._console.now())
        tenant = current_tenant()
        content = LimitsPage(
            frame=await self._console.frame(),
            plan=tenant.plan.name,
            quotas=[QuotaLine(each.quota, each.used, each.allowed) for each in used],
            limits=limits_in_force(self._console.parts.settings.limits, tenant),
            blocks=[
                BlockLine(each.network, each.reason, each.blocked_by, each.blocked_at)
                for each in await blocks.every()
            ],
            block_action=frame.url(f"{_HERE}/block"),
            let_in_action=frame.url(f"{_HERE}/let-in"),
            own_address=visitor().facts.ip,
            fields=fields,
            faults=faults,
        )
        return self._console.show("limits.html", content, 400 if faults else 200)
