#!/usr/bin/env python3
"""Listens to many event streams of a dashboard at the same time, until standard input is closed.

Says `ready` when all of them have begun. A stream that ends, or that nothing is heard from, is an error.
"""

import selectors
import socket
import sys

REQUEST = b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"


def main():
    port, count = map(int, sys.argv[1:])
    watched = selectors.DefaultSelector()
    watched.register(sys.stdin, selectors.EVENT_READ)
    for _ in range(count):
        stream = socket.create_connection(("127.0.0.1", port), timeout=10)
        stream.sendall(REQUEST)
        if not stream.recv(1 << 16).startswith(b"HTTP/1.1 200 "):
            sys.exit("an event stream was refused")
        watched.register(stream, selectors.EVENT_READ)
    print("ready", flush=True)
    while True:
        for key, _ in watched.select():
            if key.fileobj is sys.stdin:
                return
            if not key.fileobj.recv(1 << 16):
                sys.exit("an event stream has ended")


main()
