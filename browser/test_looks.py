"""How the pages look and weigh: light, dark, on a phone, for everybody."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page

from looks import check_access
from server import Server
from views import VIEWS, goes_to_the_side
from watch import LOOKS, watched, watching

# The first view, with all that belongs to it.
LIGHT = 60_000


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_can_be_read_by_everybody(
    archive: Server, browser: Browser, screenshot: Callable[[Page, str], None], look: str
) -> None:
    problems = []
    with watching(browser, archive.admin, **LOOKS[look]) as watch:
        for name, view in VIEWS.items():
            is_error = name == "file-unknown"
            watch.page.goto(view)
            if is_error:
                # That a page is an error is on the console, and meant.
                watch.troubles.clear()
            watch.page.wait_for_load_state()
            screenshot(watch.page, f"{name}-{look}")
            wide = goes_to_the_side(watch.page)
            if wide:
                problems.append(f"{view} is wider than the window: {wide}")
            try:
                check_access(watch.page, view, "best-practice")
            except AssertionError as error:
                problems.append(str(error))
    assert not problems, "\n".join(problems)


def test_dark_is_dark_and_light_is_light(archive: Server, browser: Browser) -> None:
    def lightness(page: Page, what: str) -> float:
        return page.evaluate(
            """what => {
                const canvas = new OffscreenCanvas(1, 1).getContext("2d");
                canvas.fillStyle = getComputedStyle(document.body)[what];
                canvas.fillRect(0, 0, 1, 1);
                const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
                return (red + green + blue) / 765;
            }""",
            what,
        )

    for look, light in (("light", True), ("dark", False)):
        with watched(browser, archive.admin, **LOOKS[look]) as page:
            page.goto("/")
            assert (lightness(page, "backgroundColor") > 0.5) == light
            assert (lightness(page, "color") < 0.5) == light


def test_text_can_be_twice_as_large(archive: Server, browser: Browser) -> None:
    # WCAG 1.4.4 and 1.4.10: at 400 % a window of 1280 is 320 wide, and nothing scrolls sideways.
    with watched(browser, archive.admin, viewport={"width": 320, "height": 256}) as page:
        for view in VIEWS.values():
            if "1.3.0" not in view:
                page.goto(view)
                assert not goes_to_the_side(page), view


def test_forced_colours_leave_the_chart_readable(archive: Server, browser: Browser) -> None:
    with watched(browser, archive.admin, forced_colors="active") as page:
        page.goto("/")
        colours = page.locator("svg.plot path").evaluate_all("all => all.map(p => getComputedStyle(p).fill)")
        assert len(set(colours)) >= 3


def test_the_first_view_is_light(archive: Server, browser: Browser) -> None:
    for view in ("/", "/?days=365", "/files", VIEWS["file"], "/rules"):
        with watching(browser, archive.admin) as watch:
            watch.page.goto(view)
            watch.page.wait_for_load_state()
            answers = [answer for answer in watch.responses if "/events" not in answer.url]
            weights = {answer.url: len(answer.body()) for answer in answers}
            assert len(weights) >= 2
            assert sum(weights.values()) < LIGHT, (view, weights)


def test_who_wants_no_motion_gets_none(archive: Server, browser: Browser) -> None:
    with watched(browser, archive.admin, reduced_motion="reduce") as page:
        page.goto("/")
        moving = page.evaluate(
            """() => [...document.querySelectorAll("*")].filter(e => {
                const style = getComputedStyle(e);
                const lasts = times => times.split(",").some(time => parseFloat(time) > 0.01);
                const isAnimated = style.animationName !== "none" && lasts(style.animationDuration);
                return isAnimated || lasts(style.transitionDuration);
            }).map(e => e.outerHTML.slice(0, 100))"""
        )
        assert moving == []
        assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_without_script_every_page_shows_its_numbers(archive: Server, browser: Browser) -> None:
    texts: dict[bool, dict[str, str]] = {}
    for scripts in (True, False):
        with watching(browser, archive.admin, java_script_enabled=scripts) as watch:
            texts[scripts] = {}
            for name, view in VIEWS.items():
                watch.page.goto(view)
                texts[scripts][name] = watch.page.locator("main").inner_text()
            watch.troubles.clear()
    # The clock goes on between the two.
    for name, text in texts[True].items():
        if name != "overview-today":
            assert texts[False][name] == text
        assert len(text) > 40, name


@pytest.mark.parametrize("look", LOOKS)
def test_empty_pages_are_friendly_and_can_be_read(
    serve: Callable[..., Server], browser: Browser, screenshot: Callable[[Page, str], None], look: str
) -> None:
    fresh = serve({"a.txt": b"hello"})
    stateless = serve({"a.txt": b"hello"}, "--no-state")
    for name, server, says in (("fresh", fresh, "Waiting for the first hit"), ("no-state", stateless, "are not kept")):
        with watching(browser, server.admin, **LOOKS[look]) as watch:
            for view in ("/", "/files", "/file?path=/a.txt", "/rules"):
                watch.page.goto(view)
                if view.startswith("/file"):
                    # That there is nothing yet may be an error, which is on the console.
                    watch.troubles.clear()
                check_access(watch.page, f"{name}: {view}", "best-practice")
                assert not goes_to_the_side(watch.page), view
                screenshot(watch.page, f"{name}-{view.strip('/').partition('?')[0] or 'overview'}-{look}")
            watch.page.goto("/")
            watch.page.get_by_role("heading", name=says).wait_for()
            assert not goes_to_the_side(watch.page)
            if name == "fresh":
                text = watch.page.locator("main").inner_text()
                assert server.files in text, "the address to fetch from"
