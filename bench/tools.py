"""What the bench needs from the machine: a release build, Debian's packages, crates, two cores, a free port.

Says clearly what is missing. Knows nothing of servers or numbers.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Failed(Exception):
    """The bench can't go on, or its numbers would be worth nothing. The message says why."""


def need(**programs):
    """Installs the Debian packages of programs that are missing: need(perf="linux-perf")."""
    missing = sorted({package for program, package in programs.items() if not find(program)})
    if not missing:
        return
    command = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0 or not find("apt-get"):
        raise Failed(f"missing: {', '.join(missing)}. Install as root: {' '.join(command)}")
    print(f"Installing {', '.join(missing)}", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update", "-q"])
    run(command, env=quiet)


def run(command, **how):
    """Runs a program to its end, which must be a good one."""
    try:
        return subprocess.run(command, check=True, **how)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Failed(f"{' '.join(map(str, command))}: {error}") from error


def find(program):
    """Where a program is; people who are not root have no sbin in their PATH."""
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def build(target=None, **environment):
    """Builds tallyd for release and returns its binary: in the caller's target directory, or in `target`."""
    target = target or target_directory()
    command = ["cargo", "build", "--release", "--locked", "--bin", "tallyd", "--target-dir", str(target)]
    run(command, cwd=ROOT, env={**os.environ, **environment})
    return Path(target) / "release" / "tallyd"


def target_directory():
    """Where cargo puts what the caller builds."""
    about = ["cargo", "metadata", "--format-version", "1", "--no-deps"]
    answer = run(about, cwd=ROOT, stdout=subprocess.PIPE).stdout
    return Path(json.loads(answer)["target_directory"])


def installed(crate, version):
    """The program of this name from crates.io in exactly this version; it is built once, which takes minutes."""
    place = target_directory() / "bench-tools"
    program = place / f"{crate}-{version}" / "bin" / crate
    if not program.exists():
        print(f"Building {crate} {version} in {place}", flush=True)
        command = ["cargo", "install", crate, "--locked", "--no-track", "--version", version]
        # Elsewhere than what is kept: hundreds of megabytes that nobody needs again.
        command += ["--target-dir", place / "build", "--root", program.parent.parent]
        run(command, cwd=ROOT)
        shutil.rmtree(place / "build")
    return program


def cores():
    """One core for the server and one for the load."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise Failed("two cores are needed: one for the server, one for the load")
    return allowed[0], allowed[1]


def on_core(core, command):
    """The command, held on one core. taskset becomes the program itself: the pid stays."""
    return ["taskset", "-c", str(core), *map(str, command)]


def free_port():
    """A port of the loopback address that nobody has right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def named_binary(text):
    """The type of `--also NAME=FILE`."""
    name, _, binary = text.partition("=")
    if not name or not Path(binary).is_file():
        raise argparse.ArgumentTypeError("NAME=FILE, FILE being a tallyd")
    return name, Path(binary)


def say(text):
    """What is going on, for those who watch; it leaves nothing behind."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
