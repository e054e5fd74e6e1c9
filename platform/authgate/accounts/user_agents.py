"""What a browser or device says it is, in words a person knows."""

from ua_parser import OS, UserAgent, parse_os, parse_user_agent

from authgate.languages import text
from authgate.web.view_models import DeviceKind

_LONGEST = 80
_PHONES = frozenset({"iOS", "Android", "Windows Phone", "KaiOS"})
_TVS = frozenset({"tvOS", "Tizen", "WebOS", "ATV OS X", "Roku"})


def warm_up() -> None:
    """Read the patterns now; the first request would wait a third of a second for them."""
    described("Mozilla/5.0")


def described(user_agent: str) -> tuple[str, DeviceKind]:
    """``("Chrome 156 on Linux", laptop)``; the program's own words where nobody knows it."""
    system = parse_os(user_agent)
    browser = parse_user_agent(user_agent)
    return _words(user_agent, browser, system), _kind(user_agent, system)


def _words(user_agent: str, browser: UserAgent | None, system: OS | None) -> str:
    if browser is None:
        return "".join(each for each in user_agent[:_LONGEST] if each.isprintable())
    name = f"{browser.family} {browser.major}" if browser.major else browser.family
    if system is None:
        return name
    return text("%(browser)s on %(system)s", browser=name, system=system.family)


def _kind(user_agent: str, system: OS | None) -> DeviceKind:
    family = system.family if system else ""
    if family in _TVS:
        return DeviceKind.TV
    if not user_agent.startswith("Mozilla/"):
        return DeviceKind.TERMINAL
    return DeviceKind.PHONE if family in _PHONES else DeviceKind.LAPTOP
