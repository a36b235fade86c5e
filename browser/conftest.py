"""What the tests share: Chromium, a server with a past, a server for each test, screenshots."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

import past
from server import Server, site_of

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")

# A test that runs into midnight would find yesterday's numbers.
LONGEST = 240


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium. Without its sandbox, which root can't have; it sees only our own pages."""
    assert Path(CHROMIUM).exists(), f"{CHROMIUM} is missing: make test installs it"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def today() -> int:
    """Today in days since 1970 (UTC), and it stays so until the tests are over."""
    left = past.DAY - time.time() % past.DAY
    if left < LONGEST:
        time.sleep(left + 1)
    return int(time.time() // past.DAY)


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory, today: int) -> Iterator[Server]:
    """A server with 1,200 files and more than a year of days behind it. Nobody asks it for files."""
    folder = tmp_path_factory.mktemp("archive")
    server = Server(site_of(folder / "www", {"index.html": b"hello"}), folder / "home")
    server.stop()
    past.fill(server.ledger_file, today)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers of a folder with these files; they end with the test."""
    servers: list[Server] = []

    def start(files: dict[str, bytes], *options: str, token: str | None = None) -> Server:
        folder = tmp_path / str(len(servers))
        server = Server(site_of(folder / "www", files), folder / "home", *options, token=token)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def screenshot() -> Callable[[Page, str], None]:
    """Keeps a picture of a whole page, for people to judge."""
    folder = Path(os.environ.get("SCREENSHOTS", "target/screenshots"))
    folder.mkdir(parents=True, exist_ok=True)

    def take(page: Page, name: str) -> None:
        page.screenshot(path=folder / f"{name}.png", full_page=True)

    return take
