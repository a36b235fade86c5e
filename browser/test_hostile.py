"""What clients and names of files say is text, wherever it is shown."""

import csv
import io
import json
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page

from looks import check_access
from server import PATIENCE, Server, eventually
from views import goes_to_the_side, panel, records
from watch import LOOKS, watched

NAMES = [
    "<img src=x onerror=alert(1)>",
    "\"><script>alert(1)<",
    "'-alert(1)-'",
    "&lt;b&gt;&amp;",
    "a\u202egpj.exe",
    "tab\tand\nline",
    "\x1b[31mred",
    "=cmd|' '!A1",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "long" * 60,
    "\u0645\u0644\u0641.pdf",
    "]]><svg onload=alert(1)>",
    "{{7*7}}${7*7}",
    "javascript:alert(1)",
    "a%2e%2e%2fb",
]  # fmt: skip
LOST = ["/<script>alert(document.domain)</script>", '/"onmouseover=alert(1) x="', "/a\u202eb", "/=1+1"]
REFERRERS = ["https://<script>alert(1)</script>/", 'https://evil"onload=alert(1).example/', "javascript:alert(1)"]


@pytest.fixture
def hostile(serve: Callable[..., Server]) -> Server:
    """A server whose files have such names, all fetched once, besides paths that are not there."""
    server = serve({name: name.encode() for name in NAMES} | {b"\xff\xfe.bin".decode(errors="surrogateescape"): b"x"})
    fetch(server)
    eventually("all is in the ledger", lambda: server.totals()["hits"] == len(NAMES) + 1)
    eventually("all 404s are", lambda: server.totals()["not_found"] == len(LOST))
    return server


def fetch(server: Server) -> None:
    """Asks for all of them."""
    for place, name in enumerate(NAMES):
        fields = {"Referer": REFERRERS[place % len(REFERRERS)], "User-Agent": "<script>alert(1)</script>"}
        assert server.ask(f"/{quote(name)}", of_files=True, headers=fields).status == 200, name
    assert server.ask("/%ff%fe.bin", of_files=True).status == 200
    for path in LOST:
        assert server.ask(quote(path), of_files=True).status == 404


def shown(name: str) -> str:
    """A name as the pages write it: what can't be seen is named."""
    named = {"\t": "\\t", "\n": "\\n", "\x1b": "\\u{1b}", "\u202e": "\\u{202e}"}
    return "".join(named.get(letter, letter) for letter in name)


@pytest.mark.parametrize("look", ["light", "phone"])
def test_names_are_text_on_every_page(
    hostile: Server, browser: Browser, screenshot: Callable[[Page, str], None], look: str
) -> None:
    with watched(browser, hostile.admin, **LOOKS[look]) as page:
        page.goto("/")
        page.get_by_text("Live", exact=True).wait_for()
        # Once more while the page is open: the script writes them as well.
        fetch(hostile)
        hostile.ask("/the-last-one", of_files=True)
        panel(page, "Latest requests").get_by_text("/the-last-one").wait_for()
        eventually("they are in the overview", lambda: LOST[0] in page.locator("#missing").inner_text())
        check_text(page, f"hostile-overview-{look}", screenshot)
        written_by_script = records(panel(page, "Latest requests"))
        page.reload()
        written_by_server = records(panel(page, "Latest requests"))
        assert len(written_by_server) >= 10
        assert written_by_server == written_by_script[: len(written_by_server)]
        page.goto("/files")
        listed = page.get_by_role("region", name="Files", exact=True).get_by_role("rowheader").all_inner_texts()
        assert sorted(listed) == sorted([f"/{shown(name)}" for name in NAMES] + ["/\\xff\\xfe.bin"])
        check_text(page, f"hostile-files-{look}", screenshot)
        links = page.get_by_role("rowheader").get_by_role("link")
        for target in links.evaluate_all("all => all.map(a => a.getAttribute('href'))"):
            page.goto(target)
            page.get_by_role("heading", level=1).wait_for()
            check_text(page, "hostile-file-" + look if "onerror" in target else "", screenshot)
        for query in NAMES:
            page.goto(f"/files?search={quote(query)}")
            assert page.get_by_role("searchbox").input_value().replace("\n", "") == query.replace("\n", "")
            check_text(page, "", screenshot)


def check_text(page: Page, name: str, screenshot: Callable[[Page, str], None]) -> None:
    """Whether nothing of a name became part of the page."""
    if name:
        screenshot(page, name)
    assert not goes_to_the_side(page), page.url
    strange = page.evaluate(
        """() => [...document.querySelectorAll("img, iframe, object, embed, b > b, [onerror], [onload], [onmouseover], "
            + "script:not([src='/live.js']), a[href^='javascript:']")].map(e => e.outerHTML)"""
    )
    assert strange == []
    text = page.locator("body").inner_text()
    assert "\u202e" not in text
    assert "\x1b" not in text


def test_a_page_of_a_file_that_never_was_says_so(hostile: Server, browser: Browser) -> None:
    for path in LOST:
        answer = hostile.ask(f"/file?path={quote(path)}")
        assert answer.status == 404
        assert "<script>alert" not in answer.text
        assert "\u202e" not in answer.text
    context = browser.new_context(**LOOKS["light"])
    page = context.new_page()
    page.goto(f"{hostile.admin}/file?path={quote(LOST[0])}")
    assert LOST[0] in page.locator("main").inner_text()
    check_access(page, "a file that never was")
    context.close()


@pytest.mark.parametrize("page", ["/files", "/file", "/?site=%3Cscript%3E", "/?sort=%3Cscript%3E", "/%3Cscript%3E"])
def test_errors_write_what_they_were_asked_as_text(hostile: Server, page: str) -> None:
    answer = hostile.ask(page)
    is_text = answer.headers["content-type"].startswith("text/plain")
    assert is_text or "<script>" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_json_gives_every_name_exactly(hostile: Server) -> None:
    files = hostile.api("files?sort=path")["files"]
    assert {file["path"] for file in files} == {f"/{name}" for name in NAMES} | {"/\ufffd\ufffd.bin"}
    for file in files:
        path = file.get("path_bytes") or quote(file["path"])
        assert hostile.api(f"file?path={path}")["path"] == file["path"]


def test_no_field_of_csv_is_a_formula(hostile: Server) -> None:
    files = [quote(f"/{name}") for name in NAMES]
    for target in ("files?sort=path", "overview?", "series?", *(f"file?path={file}" for file in files)):
        answer = hostile.ask(f"/api/v1/{target}&format=csv")
        assert answer.status == 200, target
        for row in csv.reader(io.StringIO(answer.text)):
            for field in row:
                assert not field.startswith(("=", "+", "-", "@", "\t", "\r")), (target, field)


def test_the_stream_sends_each_request_on_one_line(hostile: Server) -> None:
    with closing(HTTPConnection(hostile.admin.removeprefix("http://"), timeout=PATIENCE)) as connection:
        connection.request("GET", "/api/v1/events")
        response = connection.getresponse()
        fetch(hostile)
        found: list[str] = []
        while len(found) < 10:
            name, _, value = response.readline().decode().rstrip("\n").partition(": ")
            assert name in ("", "id", "event", "data", "retry"), name
            if name == "data" and value.startswith("["):
                found += [seen.get("path") for seen in json.loads(value)]
    assert set(found) <= {f"/{name}" for name in NAMES} | {"/\ufffd\ufffd.bin", *LOST}
