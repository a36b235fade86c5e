"""A page that is watched: whatever goes wrong in it while a test looks elsewhere is found at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Error, Page, Request, Response

# How somebody looks at the pages: the parameters of a browser's context.
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1280, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1280, "height": 900}},
    "phone": {
        "color_scheme": "light",
        "viewport": {"width": 360, "height": 740},
        "device_scale_factor": 2,
        "is_mobile": True,
        "has_touch": True,
    },
}


class Watch:
    """What happens in one page."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self._host = urlsplit(address).netloc
        self.troubles: list[str] = []
        self.responses: list[Response] = []
        page.on("console", self._console)
        page.on("pageerror", self._error)
        page.on("dialog", self._dialog)
        page.on("request", self._request)
        page.on("requestfailed", self._failed)
        page.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning", "assert"):
            self.troubles.append(f"{message.type} on the console: {message.text} ({message.location['url']})")

    def _error(self, error: Error) -> None:
        self.troubles.append(f"script failed: {error}")

    def _dialog(self, dialog: Dialog) -> None:
        self.troubles.append(f"a dialog opened: {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        if urlsplit(request.url).netloc != self._host:
            self.troubles.append(f"another host was asked: {request.url}")

    def _response(self, response: Response) -> None:
        self.responses.append(response)

    def _failed(self, request: Request) -> None:
        # The stream of events has no end but that of its page; what the script asks for may be left behind as well.
        left_behind = request.failure == "net::ERR_ABORTED"
        if not left_behind:
            self.troubles.append(f"{request.url} failed: {request.failure}")


@contextmanager
def watched(browser: Browser, address: str, **how: Any) -> Iterator[Page]:  # noqa: ANN401  (as the browser takes them)
    """A page in a context of its own, in which nothing goes wrong."""
    with watching(browser, address, **how) as watch:
        yield watch.page


@contextmanager
def watching(browser: Browser, address: str, **how: Any) -> Iterator[Watch]:  # noqa: ANN401  (as the browser takes them)
    """The same, for who wants to know what was sent."""
    context = browser.new_context(base_url=address, **{**LOOKS["light"], **how})
    try:
        context.set_default_timeout(15_000)
        watch = Watch(context.new_page(), address)
        yield watch
        assert not watch.troubles, watch.troubles
    finally:
        context.close()
