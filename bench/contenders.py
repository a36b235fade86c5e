"""Who takes part: each contender's name, what it needs from the machine, and how it is started.

Promises: nothing is built or installed for those that are not chosen. Knows nothing of cases or of results.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import peers
import servers
import tools

# The current one when this was written; 3.0 is a beta.
STATIC_WEB_SERVER = "2.42.0"

# Those of a run with --all; the others only by --server.
ALL = [
    "floor",
    "nginx",
    "nginx, log",
    "nginx, aio threads",
    "lighttpd",
    "h2o",
    "Caddy",
    "Apache",
    "static-web-server",
    "tallyd, no log",
    "tallyd",
]

# Those of a run without.
DEFAULT = ["nginx", "nginx, log", "tallyd, no counts", "tallyd, no log", "tallyd"]


@dataclass(frozen=True)
class Contender:
    """One server with one configuration."""

    name: str
    # A server of the directory; the floor serves the file alone.
    start: Callable[[Path, Path], servers.Server]
    # What prints its version, and its name if that doesn't.
    version: tuple = ("", [])
    # It serves one file, whatever is asked for.
    one_file: bool = False
    # Its lists of directories end early: Caddy's after 10,000 entries, and no setting for that was found.
    long_lists: bool = True
    # The same program is there with another configuration.
    variant: bool = False
    # Whether it takes part in the case of a slow disk, and in all others.
    slow_disk: bool = False
    fast_disk: bool = True


@dataclass(frozen=True)
class Place:
    """Where servers run, and where they keep what they write."""

    core: int
    load_core: int
    directory: Path

    @property
    def log(self):
        return self.directory / "access.log"

    @property
    def state(self):
        # On a disk, as in use: a directory in memory would make syncing free.
        return self.directory / "state"


def chosen(names, also, tallyd=None):
    """A function from a place to the contenders of these names, with everything that they need at hand.

    `also` are other tallyds by name, which take part in any case; `tallyd` is a binary if there is one already.
    """
    names = [name for name in all_names() if name in names]
    tools.need(*(NEEDS.get(name, {}) for name in names))
    binaries = {"tallyd": tallyd or tools.build()} if any(name.startswith("tallyd") for name in names) else {}
    if "floor" in names:
        binaries["floor"] = tools.floor()
    if "static-web-server" in names:
        # Without what this doesn't ask for: TLS, compression, metrics.
        features = ["--no-default-features", "--features", "directory-listing"]
        binaries["static-web-server"] = tools.installed("static-web-server", STATIC_WEB_SERVER, *features)

    def made(place):
        return [contender(name, place, binaries) for name in names] + [
            tallyd_contender(name, place, binary, log=place.log) for name, binary in also.items()
        ]

    return made


NEEDS = {
    "nginx": {"nginx": "nginx"},
    "nginx, log": {"nginx": "nginx"},
    "nginx, copying": {"nginx": "nginx"},
    "nginx, aio threads": {"nginx": "nginx"},
    "lighttpd": {"lighttpd": "lighttpd"},
    "h2o": {"h2o": "h2o"},
    "Caddy": {"caddy": "caddy"},
    "Apache": {"apache2": "apache2"},
}

NGINX = {
    "nginx": {},
    "nginx, log": {"log": True},
    "nginx, copying": {"sendfile": "off"},
    "nginx, aio threads": {"aio": "threads"},
}

PEERS = {
    "lighttpd": (peers.lighttpd, ("", "lighttpd", "-v")),
    "h2o": (peers.h2o, ("", "h2o", "--version")),
    "Caddy": (peers.caddy, ("Caddy", "caddy", "version")),
    "Apache": (peers.apache, ("", "apache2", "-v")),
}

TALLYD = [
    "tallyd, no counts",
    "tallyd, no log",
    "tallyd",
    "tallyd, workers",
    "tallyd, workers, 1,000 streams",
    "tallyd, tally",
]


def all_names():
    """In the order of tables."""
    return ["floor", *NGINX, *PEERS, "static-web-server", *TALLYD]


def contender(name, place, binaries):
    """The contender of this name."""
    if name in NGINX:
        return nginx_contender(name, place, **NGINX[name])
    if name in PEERS:
        start, (says, program, option) = PEERS[name]
        version = (says, [tools.find(program), option])
        long_lists = name != "Caddy"
        return Contender(name, lambda site, _: start(place.core, place.directory, site), version, long_lists=long_lists)
    if name == "floor":
        return Contender(name, lambda _, file: peers.floor(place.core, binaries[name], file), one_file=True)
    if name == "static-web-server":
        binary = binaries[name]
        version = (name, [binary, "--version"])
        return Contender(name, lambda site, _: peers.static_web_server(place.core, binary, site), version)
    return tallyd_contender(name, place, binaries["tallyd"], **tallyd_options(name, place))


def nginx_contender(name, place, log=False, **options):
    log = place.log if log else None
    threads = options.get("aio") == "threads"

    def start(site, _):
        return servers.nginx(place.core, place.directory, site, log, **options)

    return Contender(
        name,
        start,
        ("", [tools.find("nginx"), "-v"]),
        variant=name != "nginx",
        slow_disk=threads or name == "nginx",
        fast_disk=not threads,
    )


def tallyd_options(name, place):
    """What it does beside serving; with everything it is `tallyd`."""
    return {
        "tallyd, no counts": {"counts": False},
        "tallyd, no log": {},
        "tallyd": {"log": place.log},
        "tallyd, workers": {"log": place.log, "streams": 0},
        "tallyd, workers, 1,000 streams": {"log": place.log, "streams": 1000},
        "tallyd, tally": {"log": place.log, "form": "tally"},
    }[name]


def tallyd_contender(name, place, binary, counts=True, log=None, form="combined", streams=None):
    def start(site, _):
        if streams is not None:
            return servers.watched(place.core, place.load_core, binary, site, place.state, log, streams)
        return servers.tallyd(place.core, binary, site, place.state if counts else None, log, form)

    return Contender(
        name,
        start,
        ("", [binary, "--version"]),
        variant=name.startswith("tallyd, "),
        slow_disk=counts and log is not None and streams is None and form == "combined",
    )
