"""The server under test: the real binary, what it says of itself, and its ledger read past our own code."""

import json
import os
import queue
import re
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import IO, Any, TypeVar

TALLYD = os.environ.get("TALLYD", "target/debug/tallyd")

# The numbers that each table of counts has.
COUNTS = ("hits", "complete", "aborted", "unsettled", "bytes", "downloads", "partials", "repeats", "probes")

# What is waited for at most. On a busy machine things take long; a test that passes never waits for this.
PATIENCE = 30.0

Seen = TypeVar("Seen")


def eventually(what: str, look: Callable[[], Seen], *, patience: float = PATIENCE) -> Seen:
    """Looks until there is something to see; the last look, or a failure that says what was waited for."""
    deadline = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < deadline, f"this did not happen in {patience} s: {what}"
        time.sleep(0.02)
    return found


def site_of(path: Path, files: dict[str, bytes]) -> Path:
    """A folder with these files."""
    path.mkdir(parents=True)
    for name, content in files.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return path


def listen(stream: IO[str], lines: queue.Queue[str | None]) -> None:
    """Passes on what a process says, line by line; None at its end."""
    with stream:
        for line in stream:
            lines.put(line)
    lines.put(None)


class Server:
    """A running tallyd with a state directory of its own. Ended by its number, and waited for."""

    def __init__(self, root: Path, home: Path, *options: str, token: str | None = None) -> None:
        self.root = root
        self.home = home
        self.options = options
        self.token = token
        environment = {"PATH": os.environ["PATH"], "XDG_STATE_HOME": str(home)}
        if token is not None:
            environment["TALLYD_ADMIN_TOKEN"] = token
        self._environment = environment
        self.start()

    def start(self) -> None:
        """Starts it, and returns when it has said where it can be reached."""
        command = [TALLYD, str(self.root), "-p", "0", "--access-log", "off", "--drain-timeout", "2s"]
        if not any(option.startswith("--admin") for option in self.options):
            command += ["--admin", "127.0.0.1:0"]
        self._process = subprocess.Popen(
            [*command, *self.options],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self.said: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        for stream in (self._process.stdout, self._process.stderr):
            threading.Thread(target=listen, args=[stream, self._lines], daemon=True).start()
        try:
            self.files = self._address(r"Serving .* at (http://127\.0\.0\.1:\d+)/")
            self.admin = self._address(r"(?:dashboard|admin pages) at (http://127\.0\.0\.1:\d+)/")
        except AssertionError:
            self._process.kill()
            self._process.wait(PATIENCE)
            raise

    def _address(self, pattern: str) -> str:
        while not (found := [match[1] for line in self.said if (match := re.search(pattern, line))]):
            try:
                line = self._lines.get(timeout=PATIENCE)
            except queue.Empty:
                line = None
            assert line is not None, f"the server never said {pattern}, but {self.said}"
            self.said.append(line)
        return found[-1]

    def stop(self) -> None:
        """Asks it to end, and waits until all is posted."""
        if self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGTERM)
        code = self._process.wait(PATIENCE)
        assert code == 0, f"the server ended with {code}"

    # What it answers.

    def ask(
        self,
        target: str,
        *,
        method: str = "GET",
        headers: dict[str, str | None] | None = None,
        of_files: bool = False,
    ) -> "Answer":
        """One request to the admin listener, or to the files. A field that is None is left out."""
        address = self.files if of_files else self.admin
        fields = dict(headers or {})
        if self.token is not None and not of_files:
            fields.setdefault("Authorization", f"Bearer {self.token}")
        headers = {name: value for name, value in fields.items() if value is not None}
        with closing(HTTPConnection(address.removeprefix("http://"), timeout=PATIENCE)) as connection:
            connection.request(method, target, headers=headers)
            return Answer(connection.getresponse())

    def api(self, target: str) -> Any:  # noqa: ANN401  (JSON is any)
        """The JSON of an answer that is good."""
        answer = self.ask(f"/api/v1/{target}")
        assert answer.status == 200, f"{target}: {answer.status} {answer.text}"
        return json.loads(answer.text)

    def stats(self) -> Any:  # noqa: ANN401  (JSON is any)
        """What the command line says."""
        command = [TALLYD, "stats", "--root", str(self.root), "--json", "--limit", "0"]
        done = subprocess.run(command, env=self._environment, capture_output=True, check=True, timeout=PATIENCE)
        return json.loads(done.stdout)

    # What it has written.

    @property
    def ledger_file(self) -> Path:
        """Where its ledger is."""
        found = list(self.home.glob("**/ledger.db"))
        assert len(found) == 1, f"one ledger below {self.home}, not {found}"
        return found[0]

    @contextmanager
    def ledger(self) -> Iterator[sqlite3.Connection]:
        """The ledger, to be read."""
        with closing(sqlite3.connect(f"file:{self.ledger_file}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            yield connection

    def totals(self) -> dict[str, int]:
        """What the ledger says of all files together, and of replies that found nothing."""
        with self.ledger() as ledger:
            sums = ledger.execute(f"SELECT {', '.join(f'total({name})' for name in COUNTS)} FROM files").fetchone()
            lost = ledger.execute("SELECT total(requests) FROM statuses WHERE status = 404").fetchone()
        return {**{name: int(total) for name, total in zip(COUNTS, sums, strict=True)}, "not_found": int(lost[0])}


class Answer:
    """A whole answer."""

    def __init__(self, response: HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def text(self) -> str:
        """Its body; what is no UTF-8 is a mistake."""
        return self.body.decode()
