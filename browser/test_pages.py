"""The pages of a server with a past: what they say, and how one gets from one to the next."""

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser, Page

import past
from server import Server
from views import FILE, figure, grouped, number_of, panel, records, rows, size
from watch import watched

RANGES = {"Today": 1, "7 days": 7, "30 days": 30, "365 days": 365, "All time": None}
PEOPLE_AND_TOOLS = "class IN (0, 1)"


def sums(server: Server, first: int, last: int, which: str = PEOPLE_AND_TOOLS) -> tuple[int, int, int]:
    """Downloads, hits and bytes of these days, by the ledger."""
    with server.ledger() as ledger:
        query = (
            f"SELECT total(downloads), total(hits), total(bytes) FROM site_days WHERE {which} AND day BETWEEN ? AND ?"
        )
        downloads, hits, sent = map(int, ledger.execute(query, (first, last)).fetchone())
    return downloads, hits, sent


def check_figures(page: Page, expected: tuple[int, int, int]) -> None:
    """Whether the large numbers of the overview are these."""
    downloads, hits, sent = expected
    assert number_of(page, "Downloads") == grouped(downloads)
    assert number_of(page, "Hits") == grouped(hits)
    assert number_of(page, "Bytes sent") == size(sent)


def written(day: int) -> str:
    """A day as forms and the API write it."""
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


@pytest.mark.parametrize("scripts", [True, False])
def test_the_range_picker_shows_the_numbers_of_its_days(
    archive: Server, browser: Browser, today: int, scripts: bool
) -> None:
    with watched(browser, archive.admin, java_script_enabled=scripts) as page:
        page.goto("/")
        for text, days in RANGES.items():
            picker = page.get_by_role("navigation", name="Days that are shown")
            picker.get_by_role("link", name=text, exact=True).click()
            link = page.get_by_role("link", name=text, exact=True)
            assert link.get_attribute("aria-current") == "true"
            first = today - days + 1 if days else 0
            check_figures(page, sums(archive, first, today))
            if days in (7, 30):
                downloads, hits, _ = sums(archive, first, today)
                before, hits_before, _ = sums(archive, first - days, first - 1)
                assert change(downloads, before) in figure(page, "Downloads").inner_text()
                assert change(hits, hits_before) in figure(page, "Hits").inner_text()
                assert grouped(hits_before) in figure(page, "Hits").inner_text()


def change(now: int, before: int) -> str:
    """The change in percent, as the page writes it."""
    sign, word = ("+", "more") if now > before else ("\u2212", "fewer")
    return f"{sign}{abs(now - before) * 100 / before:.1f}\xa0% {word}"


@pytest.mark.parametrize("scripts", [True, False])
def test_any_two_days_can_be_shown(archive: Server, browser: Browser, today: int, scripts: bool) -> None:
    first, last = today - 50, today - 41
    with watched(browser, archive.admin, java_script_enabled=scripts) as page:
        page.goto("/")
        page.get_by_text("Dates", exact=True).click()
        page.get_by_label("From", exact=True).fill(written(first))
        page.get_by_label("To, with that day").fill(written(last))
        page.locator("details.dates").get_by_role("button", name="Show").click()
        page.wait_for_url(re.compile("since="))
        check_figures(page, sums(archive, first, last))
        # What was picked stays picked on the next page.
        page.get_by_role("link", name="Files", exact=True).click()
        assert f"since={written(first)}" in page.url
        with archive.ledger() as ledger:
            files = ledger.execute(
                "SELECT count(DISTINCT file) FROM file_days WHERE day BETWEEN ? AND ?", (first, last)
            ).fetchone()[0]
        assert len(rows(panel(page, "Files"))) == min(files, 50)


def test_the_chart_has_a_table_with_the_same_numbers(archive: Server, browser: Browser, today: int) -> None:
    with watched(browser, archive.admin) as page:
        page.goto("/?days=7&chart=hits")
        page.get_by_text("The same as a table").first.click()
        table = rows(panel(page, "Table of hits"))
        assert len(table) == 7
        for age, row in enumerate(table):
            with archive.ledger() as ledger:
                query = "SELECT sum(hits) FROM site_days WHERE day = ? AND class = ?"
                by_class = [ledger.execute(query, (today - age, class_)).fetchone()[0] for class_ in (0, 1, 2)]
            assert row[1:] == [*map(grouped, by_class), "0", grouped(sum(by_class))]


@pytest.mark.parametrize("scripts", [True, False])
def test_a_site_can_be_picked(archive: Server, browser: Browser, today: int, scripts: bool) -> None:
    with watched(browser, archive.admin, java_script_enabled=scripts) as page:
        page.goto("/?days=7")
        for text, which in (
            (past.OTHER, f" AND site = '{past.OTHER}'"),
            ("Main site", " AND site = ''"),
            ("All sites", ""),
        ):
            menu = page.get_by_role("group").filter(has_text="Site: ")
            menu.locator("summary").click()
            menu.get_by_role("link", name=text, exact=True).click()
            check_figures(page, sums(archive, today - 6, today, PEOPLE_AND_TOOLS + which))
            assert menu.locator("summary").inner_text().endswith(text)


@pytest.mark.parametrize("scripts", [True, False])
def test_search_finds_files_and_keeps_what_was_picked(archive: Server, browser: Browser, scripts: bool) -> None:
    with watched(browser, archive.admin, java_script_enabled=scripts) as page:
        page.goto("/files?days=all")
        page.get_by_role("searchbox").fill("REPORT-100")
        page.get_by_role("button", name="Search").click()
        page.wait_for_url(re.compile("search="))
        assert "days=all" in page.url
        shown = rows(panel(page, "Files"))
        assert sorted(row[0] for row in shown) == sorted(past.path_of(number) for number in range(1000, 1010))
        page.get_by_role("link", name="Clear", exact=True).click()
        assert page.get_by_role("searchbox").input_value() == ""


SORTS = {
    "Downloads": "downloads DESC",
    "Hits": "hits DESC",
    "Aborted": "aborted DESC",
    "Bytes": "bytes DESC",
    "File": "path",
    "Last asked for": "last_seen DESC",
}


@pytest.mark.parametrize("scripts", [True, False])
def test_files_can_be_sorted_by_their_columns(archive: Server, browser: Browser, scripts: bool) -> None:
    with watched(browser, archive.admin, java_script_enabled=scripts) as page:
        page.goto("/files?days=all")
        for title, order in SORTS.items():
            page.get_by_role("columnheader", name=title, exact=True).get_by_role("link").click()
            header = page.get_by_role("columnheader", name=title, exact=True)
            assert header.get_attribute("aria-sort") == ("ascending" if title == "File" else "descending")
            with archive.ledger() as ledger:
                column = order.split()[0]
                known = dict(ledger.execute(f"SELECT path, {column} FROM files").fetchall())
                expected = [row[0] for row in ledger.execute(f"SELECT {column} FROM files ORDER BY {order} LIMIT 50")]
            assert [known[row[0]] for row in rows(panel(page, "Files"))] == expected


def test_all_files_are_on_the_pages_of_the_list(archive: Server, browser: Browser) -> None:
    with watched(browser, archive.admin, java_script_enabled=False) as page:
        page.goto("/files?days=all&sort=path&search=archive")
        found: list[str] = []
        while True:
            shown = [row[0] for row in rows(panel(page, "Files"))]
            assert len(shown) <= 50
            found += shown
            following = page.get_by_role("link", name="Next", exact=True)
            if following.count() == 0:
                break
            following.click()
        assert found == sorted(past.path_of(number) for number in range(3, past.FILES + 1))
        page.get_by_role("link", name="Previous", exact=True).click()
        assert [row[0] for row in rows(panel(page, "Files"))] == found[1100:1150]


def test_a_file_has_its_page(archive: Server, browser: Browser, today: int) -> None:
    with watched(browser, archive.admin) as page:
        page.goto("/files?days=7")
        page.get_by_role("link", name=past.path_of(1)).click()
        page.get_by_role("heading", name=past.path_of(1)).wait_for()
        with archive.ledger() as ledger:
            one = "FROM file_days WHERE file = 1 AND day BETWEEN ? AND ?"
            week = (today - 6, today)
            hits, complete, aborted = ledger.execute(
                f"SELECT sum(hits), sum(complete), sum(aborted) {one}", week
            ).fetchone()
            downloads = ledger.execute(f"SELECT sum(downloads) {one} AND {PEOPLE_AND_TOOLS}", week).fetchone()[0]
            tenths = [row[0] for row in ledger.execute("SELECT hits FROM aborts WHERE file = 1 ORDER BY tenth")]
            versions = ledger.execute(
                "SELECT downloads FROM versions WHERE file = 1 ORDER BY first_seen DESC"
            ).fetchall()
            referrer = ledger.execute(
                "SELECT sum(hits) FROM referrers WHERE file = 1 AND host = 'news.example' AND day BETWEEN ? AND ?", week
            ).fetchone()[0]
        assert number_of(page, "Downloads") == grouped(downloads)
        assert number_of(page, "Hits") == grouped(hits)
        outcomes = panel(page, "How hits ended").inner_text()
        assert grouped(complete) in outcomes
        assert grouped(aborted) in outcomes
        assert [row["Downloads"] for row in records(panel(page, "Versions"))] == [
            grouped(version[0]) for version in versions
        ]
        reached = panel(page, "How far aborted hits got")
        reached.get_by_text("The same as a table").click()
        assert [row["Hits"] for row in records(reached)] == [grouped(tenth) for tenth in tenths]
        assert grouped(referrer) in panel(page, "Where hits came from").inner_text()
        assert page.get_by_role("img", name="Downloads of this file over time").count() == 1


def test_all_is_reached_with_the_keyboard_alone(archive: Server, browser: Browser) -> None:
    with watched(browser, archive.admin) as page:
        page.goto("/")
        page.keyboard.press("Tab")
        assert focused(page) == "Skip to the numbers"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        # Past the pickers to the first of the top files.
        first = panel(page, "Top files").get_by_role("link", name="/", exact=False).nth(0)
        path = past.path_of(1)
        tab_to(page, path)
        assert first.count() == 1
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("/file"))
        page.get_by_role("heading", name=path).wait_for()
        tab_to(page, "Hits", steps=30)
        page.keyboard.press("Shift+Tab")
        tab_to(page, "7 days", back=True)
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("days=7"))
        tab_to(page, "Dates")
        page.keyboard.press("Enter")
        assert page.get_by_label("From", exact=True).is_visible()


def focused(page: Page) -> str:
    """The text of what has the focus, which can be seen to have it."""
    return page.evaluate(
        """() => {
            const style = getComputedStyle(document.activeElement);
            if (style.outlineStyle === "none" && style.boxShadow === "none") return "focus that nobody sees";
            return document.activeElement.innerText.trim();
        }"""
    )


def tab_to(page: Page, text: str, *, steps: int = 60, back: bool = False) -> None:
    """Presses Tab until what has this text has the focus."""
    passed = []
    for _ in range(steps):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        passed.append(focused(page))
        if passed[-1].split("\n")[0] == text:
            return
    raise AssertionError(f"{text!r} is not reached: {passed}")


def test_every_number_leads_to_its_rule(archive: Server, browser: Browser) -> None:
    with watched(browser, archive.admin) as page:
        page.goto("/rules")
        anchors = set(page.locator("[id]").evaluate_all("all => all.map(e => e.id)"))
        for view in ("/", "/files", FILE):
            page.goto(view)
            links = page.locator('a[href^="/rules#"]').evaluate_all("all => all.map(a => a.getAttribute('href'))")
            assert len(links) >= 6, view
            missing = {link for link in links if link.removeprefix("/rules#") not in anchors}
            assert not missing, (view, missing)


def test_the_exports_of_a_page_are_of_what_it_shows(archive: Server, browser: Browser) -> None:
    with watched(browser, archive.admin) as page:
        for view in ("/?days=7", "/files?days=7&search=archive&sort=hits&page=2", f"{FILE}&days=7"):
            page.goto(view)
            links = page.get_by_role("main").get_by_role("link", name=re.compile("CSV|JSON"))
            targets = links.evaluate_all("all => all.map(a => a.getAttribute('href'))")
            assert len(targets) >= 2, view
            for target in targets:
                answer = archive.ask(target)
                assert answer.status == 200, (target, answer.text)
        listed = archive.ask("/api/v1/files?days=7&search=archive&sort=hits&limit=50&offset=50")
        assert any(
            archive.ask(t).text == listed.text for t in exports(page, "/files?days=7&search=archive&sort=hits&page=2")
        )
        overview = archive.ask("/api/v1/overview?days=7")
        assert any(archive.ask(target).text == overview.text for target in exports(page, "/?days=7"))


def exports(page: Page, view: str) -> list[str]:
    """Where the exports of a page lead."""
    page.goto(view)
    return page.locator('a[href^="/api/v1/"]').evaluate_all("all => all.map(a => a.getAttribute('href'))")
