"""The pages of the dashboard, and how numbers are written on them."""

from urllib.parse import quote

from playwright.sync_api import Locator, Page

import past

FILE = f"/file?path={quote(past.path_of(1), safe='')}"
LONG_FILE = f"/file?path={quote(past.path_of(2), safe='')}"

# Every page, by a name for its picture.
VIEWS = {
    "overview": "/",
    "overview-today": "/?days=1",
    "overview-year": "/?days=365",
    "overview-all": "/?days=all&chart=hits",
    "overview-quiet": "/?since=2001-01-01&until=2001-01-02",
    "files": "/files",
    "files-search": "/files?search=report-01&sort=bytes&page=2",
    "files-no-match": "/files?search=no-such-file",
    "files-no-page": f"/files?page={10**30}",
    "file": FILE,
    "file-year": f"{FILE}&days=365&chart=hits",
    "file-long-path": LONG_FILE,
    "file-unknown": "/file?path=/releases/tallyd-1.3.0-x86_64-linux.tar.gz",
    "rules": "/rules",
}


def grouped(number: int) -> str:
    """A number as the pages write it."""
    return f"{number:,}"


def size(number: int) -> str:
    """A number of bytes as the pages write it."""
    if number < 1000:
        return f"{number}\xa0B"
    scaled = float(number)
    for unit in ("kB", "MB", "GB", "TB"):
        scaled /= 1000
        if scaled < 99.95:
            return f"{scaled:.1f}\xa0{unit}"
        if scaled < 999.5:
            break
    return f"{scaled:.0f}\xa0{unit}"


def figure(page: Page, title: str) -> Locator:
    """The large number below this title."""
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=title, exact=True))


def number_of(page: Page, title: str) -> str:
    """What that number is."""
    return figure(page, title).locator(".figure").inner_text()


def panel(page: Page, title: str) -> Locator:
    """The part of a page that has this heading."""
    return page.get_by_role("region", name=title, exact=True).first


def rows(table: Locator) -> list[list[str]]:
    """The cells of the body of a table."""
    texts = table.locator("tbody tr").evaluate_all("rows => rows.map(r => [...r.cells].map(cell => cell.innerText))")
    return [[cell.strip() for cell in row] for row in texts]


def records(table: Locator) -> list[dict[str, str]]:
    """The same by the titles of their columns."""
    titles = [title.strip() for title in table.locator("thead th").all_inner_texts()]
    return [dict(zip(titles, row, strict=True)) for row in rows(table)]


def goes_to_the_side(page: Page) -> str:
    """What is wider than the window, if one would have to scroll sideways to see it."""
    return page.evaluate(
        """() => {
            if (document.scrollingElement.scrollWidth <= innerWidth) return "";
            const isWide = e => e.getBoundingClientRect().right > innerWidth + 1;
            const wide = [...document.querySelectorAll("body *")].filter(isWide);
            return wide.slice(0, 5).map(e => `<${e.tagName} class="${e.className}">`).join(" ") || "the page";
        }"""
    )
