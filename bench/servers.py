"""A server: started on its core, watched and ended; and how nginx and tallyd are configured.

Promises: every process that is started is ended by its pid; what a server costs is the kernel's own
account of all its processes and threads. Knows nothing of load or of results.
"""

import contextlib
import os
import pwd
import re
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import tools

# More than any case opens. Some servers reserve memory for as many when they start.
MOST_CONNECTIONS = 8192

# nginx at its best for static files: nothing is opened, looked up or closed twice, and no connection
# is ended by a count or a clock while it is measured.
NGINX = """
daemon off;
user {user};
worker_processes 1;
pid {place}/nginx.pid;
error_log {place}/nginx.err crit;
events {{ worker_connections {connections}; multi_accept on; }}
http {{
    include /etc/nginx/mime.types;
    sendfile {sendfile};
    aio {aio};
    tcp_nopush on;
    open_file_cache max=20000 inactive=1h;
    open_file_cache_valid 1h;
    open_file_cache_errors on;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    access_log {log};
    client_body_temp_path {place}; proxy_temp_path {place}; fastcgi_temp_path {place};
    uwsgi_temp_path {place}; scgi_temp_path {place};
    server {{ listen 127.0.0.1:{port} backlog=1024 deferred; root {site}; autoindex on; }}
    {more}
}}
"""

# On a port of its own, so that no request of a measurement is compared with its path.
STATUS = "server {{ listen 127.0.0.1:{port}; access_log off; stub_status; }}"


class Server:
    """A server that runs within a `with`."""

    def __init__(self, core, command, port, log=None, env=None):
        self.core = core
        self.command = command
        self.port = port
        self.log = log
        self.env = {**os.environ, **(env or {})}
        self.main = None

    def __enter__(self):
        # Held on the core from its first instruction, and nothing else runs in between: so a start can be timed.
        with tools.held_on(self.core):
            self.main = subprocess.Popen(
                list(map(str, self.command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=self.env
            )
        try:
            self._wait_until_it_accepts()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_):
        self._end()

    def pids(self):
        """The main process, its children and theirs, as long as it runs."""
        found = [self.main.pid]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += map(int, tools.read(task / "children").split())
        return found

    def cpu(self):
        """Seconds that all its threads have run, in user and system mode, also those that have ended.

        This is the process's CPU clock: the sum of /proc/PID/task/*/schedstat, without losing the
        threads that end in between. The number of the clock is that of clock_getcpuclockid(3).
        """
        return sum(time.clock_gettime((~pid << 3) | 2) for pid in self.pids())

    def memory(self):
        """Bytes of its memory, of all its processes, that no file backs."""
        return sum(own_memory(pid) for pid in self.pids())

    def programs(self):
        """The files with code that its main process has mapped, the program first."""
        pid = self.main.pid
        mapped = re.findall(r"^\S+ r-xp .* (/.+)$", tools.read(Path(f"/proc/{pid}/maps")), re.MULTILINE)
        program = os.readlink(f"/proc/{pid}/exe")
        return [Path(program), *map(Path, sorted(set(mapped) - {program}))]

    def lines_logged(self):
        """Lines in the access log."""
        with open(self.log, "rb") as log:
            return sum(piece.count(b"\n") for piece in iter(lambda: log.read(1 << 20), b""))

    def empty_log(self):
        """Both servers append, so the log may be cut while it is open."""
        if self.log:
            os.truncate(self.log, 0)

    def _wait_until_it_accepts(self):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self.main.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.0002)
        self._end()
        said = self.main.stderr.read().decode(errors="replace").strip()
        raise tools.Failed(f"does not start: {' '.join(map(str, self.command))}\n{said}")

    def _end(self):
        if self.main.poll() is None:
            pids = self.pids()
            self.main.terminate()
            try:
                self.main.wait(10)
            except subprocess.TimeoutExpired:
                for pid in pids:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
        self.main.wait()


class Workers(Server):
    """A tallyd of which only the threads that serve files count, with so many listening to its events."""

    def __init__(self, core, command, port, log, admin, streams, load_core):
        super().__init__(core, command, port, log)
        self.listen = tools.on_core(load_core, [tools.ROOT / "bench" / "streams.py", admin, streams])
        self.listener = None

    def __enter__(self):
        super().__enter__()
        self.listener = subprocess.Popen(self.listen, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.listener.stdout.readline() != b"ready\n":
            self._end()
            raise tools.Failed("the event streams do not begin")
        return self

    def cpu(self):
        """Seconds that its workers have run. They end with the process, so none is missing."""
        if self.listener.poll() is not None:
            raise tools.Failed("the event streams have ended")
        nanos = 0
        for task in Path(f"/proc/{self.main.pid}/task").iterdir():
            if re.fullmatch(r"worker-\d+", (task / "comm").read_text().strip()):
                nanos += int((task / "schedstat").read_text().split()[0])
        return nanos / 1e9

    def _end(self):
        if self.listener:
            self.listener.stdin.close()
            self.listener.wait(10)
        super()._end()


class Counting(Server):
    """An nginx that says on a port of its own how often it was asked."""

    def __init__(self, core, command, port, log, status):
        super().__init__(core, command, port, log)
        self.status = status
        self.looks = 0

    def requests(self):
        """How many requests it has begun to read, those of this method not among them."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.status}/", timeout=10) as answer:
            # "Active connections: 1", a line of heads, then accepted, handled, requests.
            requests = answer.read().splitlines()[2].split()[2]
        self.looks += 1
        return int(requests) - self.looks


def own_memory(pid):
    """Bytes of memory of a process that no file backs; of what several share, its part."""
    rollup = tools.read(Path(f"/proc/{pid}/smaps_rollup"))
    return sum(1024 * int(size) for size in re.findall(r"^Pss_(?:Anon|Shmem):\s+(\d+) kB", rollup, re.MULTILINE))


def nginx(core, place, site, log=None, sendfile="on", aio="off", status=None):
    """nginx with one worker; `log` is a file, written line by line in the format that people know. On the
    port `status` it says what it has counted.
    """
    port = tools.free_port()
    text = NGINX.format(
        user=pwd.getpwuid(os.geteuid()).pw_name,
        place=place,
        port=port,
        site=site,
        connections=MOST_CONNECTIONS,
        log=f"{log} combined" if log else "off",
        sendfile=sendfile,
        aio=aio,
        more=STATUS.format(port=status) if status else "",
    )
    config = place / "nginx.conf"
    config.write_text(text)
    command = [tools.find("nginx"), "-c", config, "-e", place / "nginx.err"]
    return Server(core, command, port, log)


def counting_nginx(core, place, site):
    """nginx without a log that says how often it was asked."""
    status = tools.free_port()
    server = nginx(core, place, site, status=status)
    return Counting(core, server.command, server.port, server.log, status)


def tallyd(core, binary, site, state=None, log=None, form="combined"):
    """tallyd with one worker. Counts are kept in `state`, or nowhere; `log` is a file, its lines are in this form."""
    port = tools.free_port()
    command = [binary, site, "--listen", f"127.0.0.1:{port}", "--workers", 1, "--keep-alive", "1h", "--listing"]
    command += ["--defer-accept"]
    command += ["--state", state] if state else ["--no-state"]
    command += ["--log-level", "warn", "--access-log", log or "off", "--log-format", form]
    return Server(core, command, port, log)


def watched(core, load_core, binary, site, state, log, streams):
    """tallyd with so many event streams open, of which only the workers are measured."""
    server = tallyd(core, binary, site, state, log)
    admin = tools.free_port()
    command = [*server.command, "--admin", f"127.0.0.1:{admin}"]
    return Workers(core, command, server.port, server.log, admin, streams, load_core)
