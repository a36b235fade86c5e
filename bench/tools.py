"""What the bench needs from the machine: a release build, Debian's packages, crates, two cores, a free port.

Says clearly what is missing. Knows nothing of servers or numbers.
"""

import argparse
import contextlib
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Failed(Exception):
    """The bench can't go on, or its numbers would be worth nothing. The message says why."""


def need(*wanted):
    """Installs the Debian packages of programs, or files, that are missing: need({"perf": "linux-perf"})."""
    install({package for programs in wanted for program, package in programs.items() if not find(program)})


def install(missing):
    """Installs Debian packages, or says what is missing."""
    if not missing:
        return
    missing = sorted(missing)
    may = [] if os.geteuid() == 0 else ["sudo"]
    if not find("apt-get") or (may and not find("sudo")):
        raise Failed(f"missing: {', '.join(missing)}. Install it as root, or leave out who needs it: see --help")
    print(f"Installing {', '.join(missing)}", flush=True)
    apt = [*may, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y"]
    run([*apt, "update"])
    # One by one: Debian starts a server that it installs, on port 80, and it is stopped before the next one comes.
    for package in missing:
        run([*apt, "install", "--no-install-recommends", package])
        if Path("/etc/init.d", package).exists() or Path(f"/lib/systemd/system/{package}.service").exists():
            subprocess.run([*may, find("service"), package, "stop"], stderr=subprocess.DEVNULL)


def run(command, **how):
    """Runs a program to its end, which must be a good one."""
    try:
        return subprocess.run(command, check=True, **how)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Failed(f"{' '.join(map(str, command))}: {error}") from error


def find(program):
    """Where a program is, or a file; people who are not root have no sbin in their PATH."""
    if Path(program).is_absolute():
        return program if Path(program).exists() else None
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


def installed(crate, version, *features):
    """The program of this name from crates.io in exactly this version; it is built once, which takes minutes."""
    place = target_directory() / "bench-tools"
    program = place / f"{crate}-{version}" / "bin" / crate
    if not program.exists():
        print(f"Building {crate} {version} in {place}", flush=True)
        command = ["cargo", "install", crate, "--locked", "--no-track", "--version", version, *features]
        # Elsewhere than what is kept: hundreds of megabytes that nobody needs again.
        command += ["--target-dir", place / "build", "--root", program.parent.parent]
        run(command, cwd=ROOT)
        shutil.rmtree(place / "build")
    return program


def floor():
    """Builds the floor and returns its binary."""
    target = target_directory() / "bench-tools" / "floor"
    command = ["cargo", "build", "-q", "--release", "--locked", "--manifest-path", ROOT / "bench/floor/Cargo.toml"]
    run([*command, "--target-dir", target], cwd=ROOT)
    return target / "release" / "floor"


def cores():
    """One core for the server and one for the load."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise Failed("two cores are needed: one for the server, one for the load")
    return allowed[0], allowed[1]


def on_core(core, command):
    """The command, held on one core. taskset becomes the program itself: the pid stays."""
    return ["taskset", "-c", str(core), *map(str, command)]


@contextlib.contextmanager
def held_on(core):
    """What this thread does, and what it starts, meanwhile runs on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def allow_files(count):
    """This process, and what it starts, may have so many files open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise Failed(f"{count} open files are needed, and {hard} allowed: see ulimit -Hn")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))


def read(file):
    """The text of a file of the kernel's; of a process or thread that has ended, nothing."""
    try:
        return file.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def free_port():
    """A port of the loopback address that nobody has right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def version(command):
    """The first line that a program prints, wherever it prints it and however it ends."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout.decode(errors="replace").partition("\n")[0].strip()


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
