"""System calls for one request, as `strace -c` counts them.

Counting slows down what is counted: the calls for each request are right, the speed is not, and so waits are too
few: a slow program finds more to do each time it waits.
"""

import re

import tools


def watched(out, command):
    """The command, or with `-p PID` words those processes, with their system calls counted in the file `out`."""
    return ["strace", "-c", "-f", "-U", "name,calls,errors", "-o", out, *command]


def table(out, requests):
    """Those that matter for one request, failed ones beside them."""
    lines = [f"{'system call':<20}{'per request':>12}{'failed':>12}"]
    for line in out.read_text().splitlines():
        if found := re.match(r"(\w+)\s+(\d+)(?:\s+(\d+))?$", line.strip()):
            name, count, failed = found.groups()
            if int(count) / requests >= 0.0005:
                lines.append(f"{name:<20}{int(count) / requests:>12.3f}{int(failed or 0) / requests:>12.3f}")
    if len(lines) == 1:
        raise tools.Failed("strace counted nothing: ptrace is forbidden here")
    return "\n".join(lines)
