"""What everybody may see of the counts, where an operator wants it: beside the files, on a page, as a badge."""

import json
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from looks import check_access
from server import Server, eventually
from views import goes_to_the_side, records
from watch import LOOKS, watched

FILES = {f"file-{number}.txt": b"hello" * number for number in range(1, 5)}
HOSTILE = "<img src=x onerror=alert(1)>.txt"
BADGES = ["", "=hits", "&days=30", "&label=%3Cscript%3E", "&label=&color=f80", "&color=yellow", "&color=black"]


@pytest.fixture
def public(serve: Callable[..., Server]) -> Iterator[Server]:
    """A server that shows its counts: file-3 was downloaded by three visitors, file-2 by two, file-1 by one."""
    # A browser asks every site for its icon.
    server = serve({**FILES, HOSTILE: b"x", "favicon.ico": b""}, "--listing", "--listing-counts", "--public-counts")
    for number in range(1, 4):
        for visitor in range(number):
            fields = {"User-Agent": f"curl/{visitor}"}
            assert server.ask(f"/file-{number}.txt", of_files=True, headers=fields).status == 200
    eventually("all is in the ledger", lambda: server.totals()["downloads"] == 6)
    return server


@pytest.mark.parametrize("look", LOOKS)
def test_a_listing_has_downloads_and_is_sorted_by_them(
    public: Server, browser: Browser, screenshot: Callable[[Page, str], None], look: str
) -> None:
    with watched(browser, public.files, **LOOKS[look]) as page:
        page.goto("/")
        page.get_by_role("link", name="Downloads").click()
        shown = [row for row in records(page.get_by_role("table")) if row["Name"].startswith("file-")]
        assert [row["Name"] for row in shown] == ["file-3.txt", "file-2.txt", "file-1.txt", "file-4.txt"]
        assert [row["Downloads"] for row in shown] == ["3", "2", "1", "0"]
        check_access(page, "listing")
        assert not goes_to_the_side(page)
        screenshot(page, f"listing-{look}")
    listed = public.ask("/?sort=downloads", of_files=True, headers={"Accept": "application/json"})
    entries = json.loads(listed.text)["entries"]
    assert [entry["downloads"] for entry in entries if entry["name"].startswith("file-")] == [3, 2, 1, 0]


@pytest.mark.parametrize("look", LOOKS)
def test_a_tally_is_a_page_that_can_be_read(
    public: Server, browser: Browser, screenshot: Callable[[Page, str], None], look: str
) -> None:
    with watched(browser, public.files, **LOOKS[look]) as page:
        page.goto("/file-3.txt?tally")
        assert "/file-3.txt" in page.locator("main").inner_text()
        check_access(page, "tally")
        assert not goes_to_the_side(page)
        screenshot(page, f"tally-{look}")
        page.goto(f"/{HOSTILE}?tally")
        assert HOSTILE in page.locator("main").inner_text()
        assert page.locator("img:not([src$='?badge'])").count() == 0
    tally = json.loads(public.ask("/file-3.txt?tally=json", of_files=True).text)
    assert tally["downloads"] == tally["hits"] == tally["last_30_days"]["hits"] == 3


@pytest.mark.parametrize("look", ["light", "dark"])
def test_badges_are_pictures_on_the_pages_of_others(
    public: Server, browser: Browser, screenshot: Callable[[Page, str], None], look: str
) -> None:
    context = browser.new_context(**LOOKS[look])
    page = context.new_page()
    pictures = "".join(f'<p><img src="{public.files}/file-3.txt?badge{badge}"> {badge}' for badge in BADGES)
    page.set_content(pictures.replace("> &", "> &amp;"))
    page.wait_for_load_state()
    sizes = page.locator("img").evaluate_all("all => all.map(i => [i.complete, i.naturalWidth, i.naturalHeight])")
    screenshot(page, f"badges-{look}")
    context.close()
    for complete, width, height in sizes:
        assert complete
        assert 15 < width < 400
        assert 15 <= height <= 40
    assert public.totals()["hits"] == 6
