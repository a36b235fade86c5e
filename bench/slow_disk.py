"""A disk that takes 200 ms for each read: how long others wait at the same worker, who ask for what is known.

Promises: cold files are asked for all the time, each for the first time, and come with the right bytes.
"""

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from types import MappingProxyType

import asking
import content
import pace
import tools
from report import Number

DELAY = 200

# More than servers have threads for the disk.
READERS = 24

# Each ends within some reads; in this time nobody can answer none.
LEAST_COLD = 1


@dataclass(frozen=True)
class Waited:
    """What one measurement found: milliseconds that hot files took."""

    p99: float
    slowest: float
    # By how much the client itself was late at worst.
    own_delay: float
    # Cold files answered meanwhile.
    cold: int
    hot: int


class SlowDisk:
    """Asks for a hot file each millisecond while cold ones are read."""

    name = "slow disk"
    one_file = False
    rounds = None
    needs = MappingProxyType({"/usr/lib/python3/dist-packages/fusepy.py": "python3-fusepy", "fusermount3": "fuse3"})
    numbers = (
        Number(f"{name}: hot files, p99", "p99", "ms", 2),
        Number(f"{name}: hot files, slowest", "slowest", "ms", 1, charted=False),
        Number(f"{name}: the client itself late by", "own_delay", "ms", 1, is_cost=False, charted=False),
        Number(f"{name}: cold files answered", "cold", "files", 0, is_cost=False, charted=False),
    )

    def takes(self, contender):
        return contender.slow_disk

    def prepare(self, site):
        pass

    def takes_seconds(self, bench):
        return bench.seconds + 4

    def measure(self, contender, bench):
        with Disk(bench.place / "slow", bench.load_core) as disk, contender.start(disk.place, None) as server:
            hot = content.slow("hot.bin")
            asker = pace.Asker(server.port, "/hot.bin", hot)
            try:
                begins = time.monotonic()
                readers = Readers(server.port, asker, begins, begins + bench.seconds)
                asker.run(readers.goes_on)
            finally:
                asker.close()
        if readers.answered < LEAST_COLD:
            raise tools.Failed("no cold file was answered")
        p99, slowest, hot = asker.slowest(begins, readers.ends)
        return Waited(p99=p99, slowest=slowest, own_delay=asker.own_delay, cold=readers.answered, hot=hot)


class Disk:
    """The slow file system, mounted within a `with`."""

    def __init__(self, place, core):
        self.place = place
        self.core = core
        self.program = tools.ROOT / "bench" / "slow_files.py"

    def __enter__(self):
        self.place.mkdir(exist_ok=True)
        # Debian's Python, which has Debian's fusepy.
        # It shares a core with the client, whom it must not keep from looking at the clock.
        command = ["nice", "-n", 19, "/usr/bin/python3", "-B", self.program, self.place, DELAY]
        self.process = subprocess.Popen(tools.on_core(self.core, command), stderr=subprocess.PIPE)
        deadline = time.monotonic() + 10
        while not os.path.ismount(self.place):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                said = self.process.stderr.read().decode(errors="replace").strip()
                raise tools.Failed(f"the slow file system can't be mounted; is there /dev/fuse? {said}")
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            subprocess.run(["fusermount", "-u", "-z", self.place], stderr=subprocess.DEVNULL)


class Readers:
    """Connections that ask for cold files, each for the next one when it has the last."""

    def __init__(self, port, asker, begins, ends):
        self.port = port
        self.asker = asker
        self.begins = begins
        self.ends = ends
        self.begun = self.asked = self.answered = 0
        # Those that have got what they asked for.
        self.waiting = []

    def goes_on(self, now):
        """Until time is over."""
        # One after the other within the time of a read, so that they don't all end at the same moment.
        if self.begun < READERS and now >= self.begins + self.begun * DELAY / 1000 / READERS:
            self.begun += 1
            self.waiting.append(Reader(self))
        for reader in self.waiting:
            reader.send()
        self.waiting = []
        return now < self.ends


class Reader:
    """One of them."""

    def __init__(self, readers):
        self.readers = readers
        self.socket = asking.connect(readers.port)
        self.socket.setblocking(False)
        readers.asker.add(self.socket, self.read)
        self.name = None
        self.received = bytearray()

    def send(self):
        self.name = f"cold-{self.readers.asked}.bin"
        self.readers.asked += 1
        self.received.clear()
        self.socket.sendall(asking.request(self.readers.port, f"/{self.name}"))

    def read(self):
        piece = self.socket.recv(1 << 16)
        if not piece:
            raise tools.Failed("the connection of a cold file was closed")
        self.received += piece
        expected = content.slow(self.name)
        head = self.received.find(b"\r\n\r\n") + 4
        if head < 4 or len(self.received) < head + len(expected):
            return
        if not self.received.startswith(b"HTTP/1.1 200 ") or self.received[head:] != expected:
            raise tools.Failed(f"the answer is not the file: {bytes(self.received[:200])!r}")
        self.readers.answered += 1
        self.readers.waiting.append(self)
