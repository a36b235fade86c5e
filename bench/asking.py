"""Asks a server and compares what it answers: the check before each measurement, and clients that only wait.

Promises: what is returned was answered whole, with the status and the bytes that were expected. Knows nothing of CPU
time.
"""

import socket
from dataclasses import dataclass

import tools

CLOSE = "Connection: close"

# Nothing here takes so long, unless it hangs.
PATIENCE = 60


@dataclass(frozen=True)
class Reply:
    """A whole reply."""

    head: bytes
    body: bytes

    @property
    def status(self):
        return int(self.head.split(b" ", 2)[1])

    @property
    def length(self):
        """Bytes of head and body."""
        return len(self.head) + len(self.body)

    def field(self, name):
        """The value of a field, or None."""
        for line in self.head.split(b"\r\n")[1:]:
            found, _, value = line.partition(b":")
            if found.strip().lower() == name.lower().encode():
                return value.strip().decode()
        return None


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)


def request(port, path, fields=()):
    """A request as wrk sends it."""
    lines = [f"GET {path} HTTP/1.1", *fields, f"Host: 127.0.0.1:{port}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def ask(connection, request):
    """Sends a request and returns the reply, which says how long it is."""
    connection.sendall(request)
    received = bytearray()
    while b"\r\n\r\n" not in received:
        received += more(connection, received)
    end = received.index(b"\r\n\r\n") + 4
    head = Reply(bytes(received[:end]), b"")
    length = 0 if head.status == 304 else int(head.field("Content-Length") or 0)
    while len(received) < end + length:
        received += more(connection, received)
    return Reply(head.head, bytes(received[end:]))


def more(connection, so_far):
    piece = connection.recv(1 << 20)
    if not piece:
        raise tools.Failed(f"the connection was closed after {bytes(so_far[:200])!r}")
    return piece


def expect(port, path, body, status=200, fields=()):
    """Asks, twice on one connection unless it is to be closed, for what must be exactly this; returns the reply."""
    asked = request(port, path, fields)
    closes = CLOSE in fields
    with connect(port) as connection:
        for _ in range(1 if closes else 2):
            reply = ask(connection, asked)
            if reply.status != status or reply.body != body:
                raise tools.Failed(f"the answer to {path} is not right: {(reply.head + reply.body)[:400]!r}")
        if closes and connection.recv(1):
            raise tools.Failed(f"the connection of {path} was to be closed and goes on")
    return reply
