"""A running mix of requests: whole files, ranges, HEAD, conditions, 404s, broken off, of many agents and referrers.

What has to be counted of it is known here, without asking the server.
"""

import itertools
import socket
import struct
import threading
from collections import Counter
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse
from typing import Self

from server import PATIENCE

# Of this length a client that goes away after the first piece can't have been sent the whole.
LARGE = 64 << 20

AGENTS = {
    "person": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "tool": "curl/8.5.0",
    "bot": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
}
REFERRERS = ("https://news.example/today", "https://forum.example/thread?id=1", None)
KINDS = ("whole", "whole", "range", "head", "whole", "unchanged", "lost", "whole", "aborted")


class Mix:
    """Clients that ask one request after the other until they are stopped, and what has to be counted of them."""

    def __init__(self, files: str, names: list[str], large: str, *, clients: int = 3, pace: float = 0.01) -> None:
        self._address = files.removeprefix("http://")
        self._names = names
        self._large = large
        self._pace = pace
        self._lock = threading.Lock()
        self._turns = itertools.count()
        self._end = threading.Event()
        self._failures: list[BaseException] = []
        self._whole: set[tuple[str, str]] = set()
        self.expected: Counter[str] = Counter()
        self._clients = [threading.Thread(target=self._run) for _ in range(clients)]

    def __enter__(self) -> Self:
        for client in self._clients:
            client.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for client in self._clients:
            client.join(PATIENCE)
        assert not self._failures, self._failures

    def _run(self) -> None:
        try:
            while not self._end.is_set():
                turn = next(self._turns)
                # The three lists have no common divisor with each other, so all combinations come.
                self.ask(KINDS[turn % len(KINDS)], turn)
                self._end.wait(self._pace)
        except BaseException as failure:
            self._failures.append(failure)

    def ask(self, kind: str, turn: int) -> None:
        """One request, and what has to be counted of it."""
        class_, agent = list(AGENTS.items())[turn // len(KINDS) % len(AGENTS)]
        name = self._names[turn % len(self._names)]
        headers = {"User-Agent": agent}
        if referrer := REFERRERS[turn % len(REFERRERS)]:
            headers["Referer"] = referrer
        with closing(HTTPConnection(self._address, timeout=PATIENCE)) as connection:
            match kind:
                case "whole":
                    connection.request("GET", name, headers=headers)
                    length = len(answer(connection, 200).read())
                    with self._lock:
                        again = (class_, name) in self._whole
                        self._whole.add((class_, name))
                        self.expected.update(hits=1, complete=1, bytes=length, repeats=again, downloads=not again)
                case "range":
                    connection.request("GET", name, headers={**headers, "Range": "bytes=5-8"})
                    length = len(answer(connection, 206).read())
                    self._add(hits=1, complete=1, bytes=length)
                case "head":
                    connection.request("HEAD", name, headers=headers)
                    answer(connection, 200).read()
                    self._add(probes=1)
                case "unchanged":
                    connection.request("GET", name, headers={**headers, "If-None-Match": "*"})
                    answer(connection, 304).read()
                    self._add(probes=1)
                case "lost":
                    connection.request("GET", f"/lost-{turn % 5}", headers=headers)
                    answer(connection, 404).read()
                    self._add(not_found=1)
                case "aborted":
                    connection.connect()
                    # Closed with what is unread thrown away: the server is told at once.
                    linger = struct.pack("ii", 1, 0)
                    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    connection.request("GET", self._large, headers=headers)
                    answer(connection, 200).read(1000)
                    self._add(hits=1, aborted=1)
                case _:
                    raise ValueError(kind)

    def _add(self, **counts: int) -> None:
        with self._lock:
            self.expected.update(counts)


def answer(connection: HTTPConnection, status: int) -> HTTPResponse:
    """The answer, if it has this status."""
    response = connection.getresponse()
    assert response.status == status, f"{response.status} instead of {status}"
    return response
