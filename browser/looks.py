"""Whether a page can be used and read by everybody, as far as a program can tell."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

AXE = Axe()
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")


def check_access(page: Page, view: str, *more: str) -> None:
    """Whether axe finds nothing that somebody could not use or read; `more` are rules beside those of WCAG."""
    options = {"runOnly": [*WCAG, *more], "resultTypes": ["violations"]}
    found = AXE.run(page, options=options).response["violations"]
    told = [
        f"{violation['id']} ({violation['help']}): {[node['html'][:150] for node in violation['nodes'][:3]]}"
        for violation in found
    ]
    assert not told, (view, told)
