"""What a person's browser asks for. The rivals have no pages that could be compared."""

from bench.exchange import Reply, Request
from bench.load import Expectation
from bench.scenario import Scenario
from bench.site import Site


class LoginPage(Scenario):
    """The sign-in page, for a browser that has never been here."""

    name = "sign-in page"
    expectation = Expectation(200, ('type="password"',))
    needs = ("login_page",)

    def requests(self, site: Site) -> tuple[Request, ...]:
        return (Request.get(site.endpoint("login_page")),)

    def judge(self, site: Site, replies: list[Reply]) -> None:
        one, other = (reply.body for reply in replies)
        self.require(one != other, "a token against forged forms of each browser's own")


class SignIn(Scenario):
    """A right password: most of it is argon2, which is there to be slow."""

    name = "sign-in"
    expectation = Expectation(303, ("",))
    needs = ("login_page",)
    connections = 2  # one person's attempts are counted: more at a time would look like guessing

    def requests(self, site: Site) -> tuple[Request, ...]:
        return (site.visit().sign_in(),)

    def judge(self, site: Site, replies: list[Reply]) -> None:
        self.require(all(not reply.body for reply in replies), "no page but where to go on")


class DevicePage(Scenario):
    """The page that asks a person who has signed in for a device's code."""

    name = "device page"
    expectation = Expectation(200, ('name="user_code"',))
    needs = ("device_page",)

    def requests(self, site: Site) -> tuple[Request, ...]:
        return (
            Request.get(site.endpoint("device_page")).with_header("Cookie", site.visit().cookie),
        )

    def judge(self, site: Site, replies: list[Reply]) -> None:
        self.require(b"password" not in replies[0].body, "a page for whoever has signed in")
