"""Asks for a small file on a schedule while something else goes on at the same server, and notes how long each takes.

Promises: the clock of a request starts when it is due, not when there was a connection free to send it: a server that
stops for a second spoils all requests of that second, not one. One thread: nothing here waits for anything else here.
"""

import collections
import gc
import selectors
import time

import asking
import tools

EVERY = 0.001
CONNECTIONS = 16

# After the schedule's end, for what is still waited for.
AT_MOST = 30


class Asker:
    """Connections that ask for one file; other readers may be added, each called when there is something to read."""

    def __init__(self, port, path, body):
        reply = asking.expect(port, path, body)
        self.length = reply.length
        self.body = body
        self.request = asking.request(port, path)
        # select, because epoll_wait counts in milliseconds.
        self.watched = selectors.SelectSelector()
        self.free = [self._connection(port) for _ in range(CONNECTIONS)]
        self.all = list(self.free)
        # When each was due, and how long it took.
        self.answers = []
        # By how many seconds this came back too late from waiting, at worst: not the server's fault.
        self.late = 0.0

    def add(self, socket, read):
        """Calls `read` whenever there is something to read."""
        self.watched.register(socket, selectors.EVENT_READ, read)

    def drop(self, socket):
        self.watched.unregister(socket)

    def run(self, goes_on):
        """Asks on schedule while `goes_on(now)`; then waits for all answers."""
        gc.disable()
        try:
            self._run(goes_on)
        finally:
            gc.enable()

    def close(self):
        for key in list(self.watched.get_map().values()):
            key.fileobj.close()
        self.watched.close()

    @property
    def own_delay(self):
        """In milliseconds, how late this was itself at worst."""
        return 1e3 * self.late

    def slowest(self, first, last):
        """Of requests due in this time: the 99th percentile and the slowest, in milliseconds, and how many."""
        took = sorted(took for due, took in self.answers if first <= due <= last)
        if not took:
            raise tools.Failed("it was over before anything else was asked")
        return 1e3 * took[min(len(took) - 1, len(took) * 99 // 100)], 1e3 * took[-1], len(took)

    def _connection(self, port):
        connection = Connection(asking.connect(port), self)
        self.add(connection.socket, connection.read)
        return connection

    def _run(self, goes_on):
        due = collections.deque()
        following = time.monotonic()
        stopped = None
        while True:
            now = time.monotonic()
            if stopped is None and not goes_on(now):
                stopped = now
            while stopped is None and following <= now:
                due.append(following)
                following += EVERY
            while due and self.free:
                self.free.pop().ask(due.popleft())
            if stopped is not None and not due and len(self.free) == len(self.all):
                return
            if stopped is not None and now > stopped + AT_MOST:
                raise tools.Failed(f"requests are not answered {AT_MOST} s after they were due")
            wait = 0.1 if stopped is not None else max(0.0, following - time.monotonic())
            wakes = time.monotonic() + wait
            for key, _ in self.watched.select(wait):
                key.data()
            self.late = max(self.late, time.monotonic() - wakes)


class Connection:
    """One connection of those that ask on schedule."""

    def __init__(self, socket, asker):
        socket.setblocking(False)
        self.socket = socket
        self.asker = asker
        self.due = None
        self.received = bytearray()

    def ask(self, due):
        self.due = due
        self.received.clear()
        self.socket.sendall(self.asker.request)

    def read(self):
        piece = self.socket.recv(1 << 16)
        if not piece:
            raise tools.Failed("a connection was closed in the meantime")
        self.received += piece
        if len(self.received) < self.asker.length:
            return
        if not self.received.endswith(self.asker.body):
            raise tools.Failed(f"the answer is not the file: {bytes(self.received[:200])!r}")
        self.asker.answers.append((self.due, time.monotonic() - self.due))
        self.asker.free.append(self)
