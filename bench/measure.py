"""One measurement: a case, a running server, load by wrk, and what it cost.

Promises: a number is only returned if every answer was right: the probe got the file to the byte, wrk
saw no error, and a server that keeps a log has a line for each answer. Anything else raises Failed.
"""

import os
import socket
import subprocess
import time
from dataclasses import dataclass

import tools
import wrk

FILES = {"1 KB": 1 << 10, "10 KB": 10 << 10, "100 KB": 100 << 10, "1 MB": 1 << 20, "20 MB": 20 << 20}

# A log may be written a little later. It belongs to the answer, so its cost is waited for too.
LOG_BEHIND = 0.1


@dataclass(frozen=True)
class Case:
    """What is asked for, and how."""

    file: str
    close: bool

    @property
    def name(self):
        return f"{self.file}, {'new connection each' if self.close else 'keep-alive'}"

    @property
    def path(self):
        return "/" + self.file.replace(" ", "").lower() + ".bin"

    @property
    def connections(self):
        return 16 if self.file == "20 MB" else 64


CASES = [Case(file, close) for close in (False, True) for file in FILES]


@dataclass(frozen=True)
class Cost:
    """What one measurement found."""

    # Microseconds of CPU for each request.
    micros: float
    # Requests in a second.
    rate: float
    # Latency in microseconds.
    p50: int
    p99: int
    requests: int
    # How much of its core the server used, at most 1.
    busy: float


def make_files(site):
    """Random bytes: nothing could be saved by compressing them."""
    for case in CASES:
        (site / case.path[1:]).write_bytes(os.urandom(FILES[case.file]))


class Load:
    """wrk with one thread, on a core of its own."""

    def __init__(self, core, place):
        self.core = core
        self.script = wrk.script(place)

    def run(self, case, port, seconds):
        """Loads the server for so long; returns what wrk counted."""
        url = f"http://127.0.0.1:{port}{case.path}"
        command = wrk.command(self.script, case.connections, seconds, url, case.close)
        return wrk.counted(tools.run(tools.on_core(self.core, command), stdout=subprocess.PIPE).stdout)


def measure(server, case, load, site, seconds):
    """Asks once and compares, warms up, measures. The server runs and has nothing else to do."""
    length = probe(server.port, case.path, (site / case.path[1:]).read_bytes(), case.close)
    load.run(case, server.port, 1)
    time.sleep(LOG_BEHIND)
    server.empty_log()
    before = server.cpu()
    counted = load.run(case, server.port, seconds)
    time.sleep(LOG_BEHIND)
    cpu = server.cpu() - before
    check_log(server, counted["requests"])
    # Replies that were on their way when time was over count by the part that arrived: of 20 MB there
    # are few in a second, and 16 of them unfinished.
    requests = counted["bytes"] / length
    if not counted["requests"] <= requests + 1 <= counted["requests"] + case.connections + 2:
        raise tools.Failed(f"{counted['requests']} answers in {counted['bytes']} bytes of {length} each")
    took = counted["micros"] / 1e6
    return Cost(
        micros=1e6 * cpu / requests,
        rate=requests / took,
        p50=counted["p50"],
        p99=counted["p99"],
        requests=counted["requests"],
        busy=cpu / took,
    )


def check_log(server, answers):
    """A log that loses lines is cheap."""
    if server.log and (lines := server.lines_logged()) < answers:
        raise tools.Failed(f"{answers} answers, but {lines} lines in the access log")


def probe(port, path, expected, close=False):
    """Asks once, as wrk does; returns how long the whole reply is, head and body."""
    close = "Connection: close\r\n" if close else ""
    request = f"GET {path} HTTP/1.1\r\n{close}Host: 127.0.0.1:{port}\r\n\r\n"
    reply = bytearray()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request.encode())
        while b"\r\n\r\n" not in reply or len(reply) < reply.index(b"\r\n\r\n") + 4 + len(expected):
            piece = connection.recv(1 << 20)
            if not piece:
                break
            reply += piece
    head, _, body = reply.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 ") or body != expected:
        raise tools.Failed(f"the answer is not the file: {bytes(reply[:200])!r}")
    return len(reply)
