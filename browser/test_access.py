"""Who is answered: forged names, pages of other sites, tokens."""

import base64
import threading
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser

from server import Server, eventually
from watch import watched

TOKEN = "kJ7v2rQ9tLx4Wm8ZpB3s"
PAGES = ("/", "/files", "/rules", "/api/v1/overview", "/api/v1/events", "/metrics", "/live.js", "/nothing")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8081", "127.0.0.1.evil.example", "localhost.evil.example"]
)
def test_by_the_name_of_another_site_nothing_is_told(archive: Server, host: str) -> None:
    # A page of evil.example whose name leads to 127.0.0.1 all at once could read every answer.
    for page in PAGES:
        answer = archive.ask(page, headers={"Host": host})
        assert answer.status == 421, page
        assert "tallyd-1.2.0" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:1", "[::1]", "192.0.2.7"])
def test_by_an_address_it_is_answered(archive: Server, host: str) -> None:
    assert archive.ask("/", headers={"Host": host}).status == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Origin": "https://evil.example"},
    ],
)
def test_what_a_page_of_another_site_asks_for_is_refused(archive: Server, fields: dict[str, str]) -> None:
    for page in ("/", "/api/v1/overview", "/api/v1/events", "/style.css"):
        assert archive.ask(page, headers=fields).status == 403, page


def test_a_page_of_another_site_reads_nothing_in_a_browser(
    archive: Server, serve: Callable[..., Server], browser: Browser
) -> None:
    other = serve({"index.html": b"<!doctype html><title>other</title>"})
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{other.files}/")
    read = page.evaluate(
        """async address => {
            const answer = await fetch(address + "/api/v1/overview").catch(error => null);
            const image = await new Promise(done => {
                const image = new Image();
                image.onload = () => done("loaded");
                image.onerror = () => done("refused");
                image.src = address + "/icon.svg";
            });
            const frame = document.createElement("iframe");
            frame.src = address + "/";
            await new Promise(done => { frame.onload = done; document.body.append(frame); });
            return [answer && answer.status, image, frame.contentDocument];
        }""",
        archive.admin,
    )
    framed = page.frames[1].evaluate("document.body.innerText")
    context.close()
    assert read == [None, "refused", None]
    assert "ownloads" not in framed


def test_who_follows_a_link_from_another_site_is_answered(archive: Server) -> None:
    fields = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert archive.ask("/", headers=fields).status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_nothing_is_changed_by_any_method(archive: Server, method: str) -> None:
    for page in ("/", "/api/v1/overview"):
        answer = archive.ask(page, method=method)
        assert answer.status in (405, 501), (page, answer.status)


@pytest.fixture
def guarded(serve: Callable[..., Server]) -> Server:
    """A server that asks for a token, of which one file was downloaded."""
    server = serve({"a.txt": b"hello"}, token=TOKEN)
    assert server.ask("/a.txt", of_files=True).status == 200
    eventually("the download is in the ledger", lambda: server.totals()["downloads"] == 1)
    return server


def test_without_the_token_nothing_is_told(guarded: Server) -> None:
    for page in PAGES:
        answer = guarded.ask(page, headers={"Authorization": None})
        assert answer.status == 401, page
        assert answer.headers["www-authenticate"].startswith("Basic realm=")
        assert "a.txt" not in answer.text


def basic(user: str, password: str) -> str:
    """The field of a user and a password."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    "credentials",
    [f"Bearer {TOKEN}", f"bearer {TOKEN}", basic("", TOKEN), basic("whoever", TOKEN)],
)
def test_with_the_token_all_is_answered(guarded: Server, credentials: str) -> None:
    for page in ("/", "/api/v1/overview", "/metrics"):
        assert guarded.ask(page, headers={"Authorization": credentials}).status == 200, page


@pytest.mark.parametrize(
    "credentials",
    [f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", basic(TOKEN, ""), basic(TOKEN, "x"), "Basic ???", f"Digest {TOKEN}"],
)
def test_a_wrong_token_is_refused_and_slowly(guarded: Server, credentials: str) -> None:
    began = time.monotonic()
    answer = guarded.ask("/", headers={"Authorization": credentials})
    assert answer.status == 401
    assert time.monotonic() - began >= 0.9
    assert "a.txt" not in answer.text


def test_who_guesses_slows_down_nobody_else(guarded: Server) -> None:
    guesses = [
        threading.Thread(target=guarded.ask, args=["/"], kwargs={"headers": {"Authorization": f"Bearer {TOKEN}{n}"}})
        for n in range(20)
    ]
    for guess in guesses:
        guess.start()
    began = time.monotonic()
    assert guarded.ask("/").status == 200
    assert time.monotonic() - began < 0.9
    for guess in guesses:
        guess.join()


def test_a_browser_asks_for_the_token_and_then_shows_all_live(guarded: Server, browser: Browser) -> None:
    context = browser.new_context()
    answer = context.request.get(f"{guarded.admin}/")
    assert answer.status == 401
    context.close()

    with watched(browser, guarded.admin, http_credentials={"username": "anybody", "password": TOKEN}) as page:
        page.goto("/")
        page.get_by_role("button", name="Pause").wait_for()
        guarded.ask("/a.txt?live", of_files=True)
        page.get_by_role("region", name="Latest requests").get_by_text("/a.txt").first.wait_for()
