"""The pages of the pretend provider, for a person with a browser."""

from collections.abc import Mapping
from html import escape

from authgate.pretend.host import Answer

DECISION = "decision"
"""The button that was pressed."""
YES, NO = "yes", "no"

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Pretend provider</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 26rem; margin: 4rem auto }}
main {{ padding: 0 1rem }}
button {{ font: inherit; padding: .5rem 1rem; margin-inline-end: .5rem }}
</style>
</head>
<body>
<main>
<h1>Pretend provider</h1>
{body}
</main>
</body>
</html>
"""
_QUESTION = """<p>This page stands in for the provider that a plugin signs people in at. It checks
what the plugin asks, and nobody&rsquo;s password.</p>
<form method="post">
{fields}
<button name="{name}" value="{yes}">Continue as {person}</button>
<button name="{name}" value="{no}">Cancel</button>
</form>"""
_FAULT = "<p>The plugin asked for a sign-in that a provider would refuse: {fault}</p>"


def question(person: str, request: Mapping[str, str]) -> Answer:
    """Ask the person whether they want to be signed in; the answer is posted to the same path."""
    fields = "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in request.items()
        if name != DECISION
    )
    return _page(
        _QUESTION.format(fields=fields, name=DECISION, yes=YES, no=NO, person=escape(person))
    )


def fault(text: str) -> Answer:
    """Tell whoever writes the plugin what is wrong with its request."""
    return _page(_FAULT.format(fault=escape(text)), status=400)


def _page(body: str, *, status: int = 200) -> Answer:
    headers = {
        "content-type": "text/html; charset=utf-8",
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
    }
    return Answer(status=status, body=_PAGE.format(body=body).encode(), headers=headers)
