"""The overview while files are fetched: it changes by itself, and in the end says what the ledger says."""

import json
import re
from collections.abc import Callable

from playwright.sync_api import Browser, Page

from load import AGENTS, LARGE, Mix
from server import Server, eventually
from views import grouped, number_of, panel, records, size
from watch import watched, watching

NAMES = [f"/file-{number}.txt" for number in range(10)]
FILES = {name[1:]: name.encode() * 500 for name in NAMES}


def test_numbers_change_by_themselves_and_are_the_ledgers(serve: Callable[..., Server], browser: Browser) -> None:
    server = serve(FILES)
    large = server.root / "large.bin"
    large.touch()
    with large.open("r+b") as file:
        file.truncate(LARGE)

    with watched(browser, server.admin) as page:
        page.goto("/")
        page.get_by_role("heading", name="Waiting for the first hit").wait_for()
        mix = Mix(server.files, NAMES, "/large.bin")
        with mix:
            # The empty page becomes one with numbers, and these grow, without anybody loading it again.
            page.get_by_role("heading", name="Downloads", exact=True).wait_for()
            page.evaluate("window.isStillTheSame = true")
            seen = {number_of(page, "Hits")}

            def has_changed() -> bool:
                seen.add(number_of(page, "Hits"))
                return len(seen) > 3

            eventually("hits grow on the page", has_changed)
        expected = mix.expected
        eventually("all is in the ledger", lambda: server.totals()["hits"] == expected["hits"])
        totals = settled(server, expected["hits"])
        for name in ("hits", "complete", "aborted", "probes", "not_found", "downloads", "repeats"):
            assert totals[name] == expected[name], (name, totals, expected)
        assert totals["unsettled"] == 0

        with server.ledger() as ledger:
            downloads, hits, sent = ledger.execute(
                "SELECT sum(downloads), sum(hits), sum(bytes) FROM site_days WHERE class IN (0, 1)"
            ).fetchone()
        figures = {"Hits": grouped(hits), "Downloads": grouped(downloads), "Bytes sent": size(sent)}
        eventually("the page says so", lambda: {name: number_of(page, name) for name in figures} == figures)
        with server.ledger() as ledger:
            query = "SELECT sum(hits), sum(downloads) FROM site_days WHERE class = ?"
            by_class = [tuple(ledger.execute(query, [class_]).fetchone()) for class_ in range(3)]
        expected_rows = [(grouped(hits), grouped(downloads)) for hits, downloads in by_class]

        def by_class_on_page() -> list[tuple[str, str]]:
            return [(row["Hits"], row["Downloads"]) for row in records(panel(page, "Who asked"))[:3]]

        eventually("the page has each class", lambda: by_class_on_page() == expected_rows)
        assert page.evaluate("window.isStillTheSame")

        overview = server.api("overview")
        for name in ("hits", "complete", "aborted", "bytes", "downloads", "repeats", "probes", "not_found"):
            assert overview[name] == totals[name], name
        assert server.stats() == overview
        outcomes = {grouped(totals["aborted"]), grouped(totals["complete"])}
        eventually("outcomes", lambda: outcomes <= set(panel(page, "How hits ended").inner_text().split()))
        eventually("referrers", lambda: "news.example" in panel(page, "Referrers").inner_text())
        eventually("what was not found", lambda: "/lost-1" in panel(page, "Not found").inner_text())


def settled(server: Server, hits: int) -> dict[str, int]:
    """The totals once no hit is on its way."""

    def look() -> dict[str, int]:
        totals = server.totals()
        ended = totals["complete"] + totals["aborted"] + totals["unsettled"]
        return totals if ended == totals["hits"] == hits else {}

    eventually("all hits have ended", look)
    # Replies that are no hits may be posted a moment later.
    changes = -1

    def rests() -> bool:
        nonlocal changes
        with server.ledger() as ledger:
            before, changes = changes, ledger.execute("SELECT value FROM facts WHERE name = 'changes'").fetchone()[0]
        requests = server.totals()["probes"] + server.totals()["not_found"]
        return before == changes and requests == requests_of(server)

    eventually("the ledger rests", rests)
    return server.totals()


def requests_of(server: Server) -> int:
    """Replies that were no hits."""
    with server.ledger() as ledger:
        return ledger.execute("SELECT total(requests) FROM statuses").fetchone()[0] - server.totals()["hits"]


def latest(page: Page) -> list[dict[str, str]]:
    """The rows of the latest requests."""
    return records(panel(page, "Latest requests"))


def fetch(server: Server, path: str, agent: str = "tool") -> None:
    """One request for a file."""
    server.ask(path, of_files=True, headers={"User-Agent": AGENTS[agent]})


def test_the_latest_requests_arrive_newest_first_and_pause_holds_them(
    serve: Callable[..., Server], browser: Browser
) -> None:
    server = serve(FILES)
    fetch(server, "/file-0.txt")
    eventually("the first hit is in the ledger", lambda: server.totals()["hits"] == 1)
    with watched(browser, server.admin) as page:
        page.goto("/")
        page.get_by_text("Live", exact=True).wait_for()
        fetch(server, "/file-1.txt", "person")
        panel(page, "Latest requests").get_by_text("/file-1.txt").wait_for()
        fetch(server, "/nowhere", "bot")
        panel(page, "Latest requests").get_by_text("/nowhere").wait_for()
        shown = latest(page)
        assert [row["Path"] for row in shown] == ["/nowhere", "/file-1.txt", "/file-0.txt"]
        assert [row["Status"].split()[0] for row in shown] == ["404", "200", "200"]
        assert [row["Outcome"] for row in shown] == ["not found", "complete", "complete"]

        page.get_by_role("button", name="Pause").click()
        before = number_of(page, "Hits")
        fetch(server, "/file-2.txt")
        fetch(server, "/file-3.txt")
        page.get_by_text(re.compile("^2 .*held back")).wait_for()
        assert latest(page) == shown
        assert number_of(page, "Hits") == before
        page.get_by_role("button", name="Resume").click()
        panel(page, "Latest requests").get_by_text("/file-3.txt").wait_for()
        assert [row["Path"] for row in latest(page)][:2] == ["/file-3.txt", "/file-2.txt"]
        eventually("the numbers go on", lambda: number_of(page, "Hits") == "4")


def test_what_is_told_late_takes_its_place(serve: Callable[..., Server], browser: Browser) -> None:
    server = serve(FILES)
    fetch(server, "/file-0.txt")
    eventually("the first hit is in the ledger", lambda: server.totals()["hits"] == 1)
    with watched(browser, server.admin) as page:
        page.add_init_script(
            "window.EventSource = class extends EventSource { constructor(url) { super(url); window.stream = this; } };"
        )
        page.goto("/")
        page.get_by_text("Live", exact=True).wait_for()
        [first] = latest(page)

        def tell(*replies: tuple[str, str, int]) -> None:
            common = {"kind": "missing", "site": "", "status": 404, "class": "bot", "bytes": 0}
            data = json.dumps([{**common, "path": path, "time": time, "id": id_} for path, time, id_ in replies])
            page.evaluate("data => stream.dispatchEvent(new MessageEvent('requests', { data }))", data)

        def paths() -> list[str]:
            return [row["Path"] for row in latest(page)]

        # Of two workers, one is read just before it has answered, the other just after.
        tell(("/third", "2100-01-01T00:00:00.003Z", 2), ("/fourth", "2100-01-01T00:00:00.004Z", 3))
        tell(("/second", "2100-01-01T00:00:00.002Z", 4), ("/fifth", "2100-01-01T00:00:00.005Z", 5))
        assert paths() == ["/fifth", "/fourth", "/third", "/second", first["Path"]]
        tell(("/oldest", "1999-01-01T00:00:00.002Z", 6), ("/as-new", "2100-01-01T00:00:00.005Z", 7))
        assert paths() == ["/as-new", "/fifth", "/fourth", "/third", "/second", first["Path"], "/oldest"]


def test_a_row_leads_to_its_file(serve: Callable[..., Server], browser: Browser) -> None:
    server = serve(FILES)
    fetch(server, "/file-0.txt")
    eventually("the first hit is in the ledger", lambda: server.totals()["hits"] == 1)
    with watched(browser, server.admin) as page:
        page.goto("/")
        page.get_by_text("Live", exact=True).wait_for()
        fetch(server, "/file-5.txt?a=1", "person")
        eventually("both are in the ledger", lambda: server.totals()["hits"] == 2)
        panel(page, "Latest requests").get_by_role("link", name="/file-5.txt").click()
        page.get_by_role("heading", name="/file-5.txt").wait_for()
        assert number_of(page, "Downloads") == "1"


def test_after_a_restart_of_the_server_the_page_goes_on(serve: Callable[..., Server], browser: Browser) -> None:
    server = serve(FILES)
    fetch(server, "/file-0.txt")
    eventually("the first hit is in the ledger", lambda: server.totals()["hits"] == 1)
    port = server.admin.rpartition(":")[2]
    with watching(browser, server.admin) as watch:
        page = watch.page
        page.goto("/")
        page.get_by_text("Live", exact=True).wait_for()
        server.stop()
        page.get_by_text("Reconnecting", exact=True).wait_for()
        server.options = (*server.options, "--admin", f"127.0.0.1:{port}")
        server.start()
        page.get_by_text("Live", exact=True).wait_for()
        fetch(server, "/file-1.txt")
        panel(page, "Latest requests").get_by_text("/file-1.txt").wait_for()
        # That the server was away the browser says itself; nothing else has gone wrong.
        away = ("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING")
        watch.troubles = [trouble for trouble in watch.troubles if not any(word in trouble for word in away)]
