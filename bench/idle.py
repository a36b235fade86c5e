"""The memory that a connection takes while nothing happens on it.

Promises: each connection has asked once and got the right bytes, and all are open when memory is looked at.
"""

import select
import time
from dataclasses import dataclass
from types import MappingProxyType

import asking
import content
import tools
from report import Number

CONNECTIONS = 5000
FILE = "1 KB"

# A server may give memory back a little later.
SETTLES = 1.0


@dataclass(frozen=True)
class Memory:
    """What one measurement found, in KB of user space that no file backs, of all its processes."""

    # For each idle connection: the difference by their number.
    each: float
    # Without them, and with all of them.
    before: float
    total: float


class Idle:
    """Looks at the memory of a server that has answered, without and with idle connections."""

    name = "idle connection"
    one_file = True
    rounds = None
    needs = MappingProxyType({})
    numbers = (Number(f"{name}, memory", "each", "KB", 2),)

    def takes(self, contender):
        return contender.fast_disk

    def prepare(self, site):
        content.sized(site, FILE)

    def takes_seconds(self, bench):
        return 2 * SETTLES + 1.5

    def measure(self, contender, bench):
        tools.allow_files(CONNECTIONS + 1000)
        path = content.SIZED[FILE]
        file = bench.site / path[1:]
        body = file.read_bytes()
        opened = []
        with contender.start(bench.site, file) as server:
            asking.expect(server.port, path, body)
            time.sleep(SETTLES)
            before = server.memory()
            request = asking.request(server.port, path)
            try:
                opened += (idle(server.port, request, body) for _ in range(CONNECTIONS))
                time.sleep(SETTLES)
                total = server.memory()
                check_open(opened)
            finally:
                for connection in opened:
                    connection.close()
        return Memory(each=(total - before) / CONNECTIONS / 1024, before=before / 1024, total=total / 1024)


def idle(port, request, body):
    """A connection that has asked once."""
    connection = asking.connect(port)
    reply = asking.ask(connection, request)
    if reply.status != 200 or reply.body != body:
        raise tools.Failed(f"the answer is not the file: {reply.head!r}")
    return connection


def check_open(connections):
    """A server that closes connections needs no memory for them."""
    poll = select.poll()
    for connection in connections:
        poll.register(connection, select.POLLIN)
    if closed := len(poll.poll(0)):
        raise tools.Failed(f"{closed} of {len(connections)} connections were closed")
