"""Whether the watch over the pages sees what it is there for: else no test would fail for it."""

import time

import pytest
from playwright.sync_api import Browser

from server import PATIENCE, Server
from watch import watching

WRONG = {
    "console.error('broken')": "error on the console: broken",
    "console.warn('old')": "warning on the console: old",
    "setTimeout(() => { throw new Error('thrown') })": "script failed: thrown",
    "document.body.append(Object.assign(new Image(), { src: 'http://127.0.0.2:1/' }))": "127.0.0.2",
    "document.body.setAttribute('style', 'color: red')": "Content Security Policy",
    "document.body.append(Object.assign(document.createElement('script'), { textContent: '1' }))": "Content Security",
    "fetch('/nothing-of-the-kind')": "404",
    "setTimeout(() => alert(1))": "a dialog opened",
}


@pytest.mark.parametrize("script", WRONG)
def test_what_goes_wrong_in_a_page_fails_its_test(archive: Server, browser: Browser, script: str) -> None:
    with pytest.raises(AssertionError, match=WRONG[script]):
        run(archive, browser, script)


def run(archive: Server, browser: Browser, script: str) -> None:
    """Runs a script in a page, until what follows from it has happened."""
    with watching(browser, archive.admin) as watch:
        watch.page.goto("/rules")
        watch.page.evaluate(f"() => {{ {script}; }}")
        deadline = time.monotonic() + PATIENCE
        while not watch.troubles and time.monotonic() < deadline:
            watch.page.wait_for_timeout(20)
