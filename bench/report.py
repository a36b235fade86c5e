"""From many costs to few numbers: medians, ratios with their spread, as a table, Markdown or JSON.

Promises: a ratio is that of two measurements of the same round, so that what slows the whole machine
for a while slows both; of these the median, and the least and greatest beside it.
"""

import datetime
import os
import platform
import re
import subprocess
from dataclasses import asdict
from pathlib import Path
from statistics import median

import tools

# What others are compared with, if it is there.
BASES = ["nginx", "nginx, log", "nginx, copying", "tallyd, no counts", "tallyd", "tallyd, workers"]


class Results:
    """Costs by case, server and round."""

    def __init__(self, machine, servers):
        self.machine = machine
        self.servers = servers
        self.costs = {}

    def add(self, case, server, cost):
        """One more round."""
        self.costs.setdefault(case.name, {}).setdefault(server, []).append(cost)

    def median(self, case, server, what):
        """The median of one of the numbers of a cost."""
        return median(getattr(cost, what) for cost in self.costs[case][server])

    def ratio(self, case, server, base):
        """Median, least and greatest of what `server` costs by what `base` does."""
        return ratio(self.costs[case][server], self.costs[case][base])

    def pairs(self):
        """Which servers are compared with which."""
        for place, server in enumerate(self.servers):
            if not server.startswith("nginx"):
                yield from ((server, base) for base in BASES if base in self.servers[:place])

    def overhead(self):
        """What counting costs, and counting with a log, where both were measured."""
        bare = "tallyd, no counts"
        limits = {"tallyd, no log": 1.05, "tallyd": 1.15}
        lines = []
        for case in self.costs:
            for server, limit in limits.items():
                if {server, bare} <= set(self.servers):
                    ratio = self.ratio(case, server, bare)[0]
                    verdict = "within" if ratio <= limit else "above"
                    lines.append(f"{case}: {server} / {bare} is {ratio:.3f}, {verdict} {limit}")
        return lines

    def rows(self):
        """The table: its head, and one row for each case."""
        pairs = list(self.pairs())
        head = ["CPU µs for each request", *self.servers]
        head += [f"{server} / {base}" for server, base in pairs]
        head += [f"{server}: requests/s" for server in self.servers]
        rows = []
        for case in self.costs:
            row = [case] + [f"{self.median(case, server, 'micros'):,.1f}" for server in self.servers]
            row += [spread(self.ratio(case, *pair)) for pair in pairs]
            row += [f"{self.median(case, server, 'rate'):,.0f}" for server in self.servers]
            rows.append(row)
        return head, rows

    def text(self):
        """The table for a terminal."""
        return "\n".join([self.machine, "", as_text(*self.rows()), "", self.verdict(), *self.overhead()])

    def markdown(self):
        """The table for a README."""
        return "\n".join([self.machine, "", as_markdown(*self.rows()), ""])

    def verdict(self):
        """Whether tallyd, with its log, costs no more than nginx without one."""
        if not {"tallyd", "nginx"} <= set(self.servers):
            return ""
        above = [case for case in self.costs if self.ratio(case, "tallyd", "nginx")[0] > 1]
        if above:
            return f"tallyd costs more than nginx without a log: {'; '.join(above)}"
        return "tallyd, with its access log, costs no more than nginx without one in every case."

    def raw(self):
        """Every measurement, for a program."""
        costs = {
            case: {server: [asdict(cost) for cost in rounds] for server, rounds in servers.items()}
            for case, servers in self.costs.items()
        }
        ratios = {
            case: {f"{server} / {base}": self.ratio(case, server, base) for server, base in self.pairs()}
            for case in self.costs
        }
        return {"machine": self.machine, "servers": self.servers, "costs": costs, "ratios": ratios}


def ratio(costs, of_base):
    """Median, least and greatest of what one costs by what the other does in the same round."""
    ratios = [cost.micros / base.micros for cost, base in zip(costs, of_base)]
    return median(ratios), min(ratios), max(ratios)


def spread(ratio):
    """A ratio as people read it."""
    return "{:.2f} ({:.2f}-{:.2f})".format(*ratio)


def as_text(head, rows):
    """A table for a terminal."""
    columns = list(zip(head, *rows))
    widths = [max(map(len, column)) for column in columns]
    lines = []
    for name, *cells in [head, *rows]:
        cells = [cell.rjust(width) for cell, width in zip(cells, widths[1:])]
        lines.append("  ".join([name.ljust(widths[0]), *cells]))
    return "\n".join(lines)


def as_markdown(head, rows):
    """A table for a README."""
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, rule, *rows])


def machine(binary, rounds, seconds, *more):
    """One line: when, where and with what. `more` are versions of other programs."""
    nginx = said([tools.find("nginx"), "-v"])
    parts = [
        datetime.date.today().isoformat(),
        f"{cpu_model()} ({os.cpu_count()} cores)",
        f"Linux {platform.release()}",
        said([binary, "--version"]),
        nginx.replace("nginx version: ", "").replace("/", " "),
        " ".join(said(["wrk", "-v"]).split()[:2]),
        *more,
        f"{rounds} x {seconds} s",
    ]
    return ", ".join(parts)


def said(command):
    """The first line that a program prints, wherever it prints it and however it ends."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout.decode(errors="replace").partition("\n")[0].strip()


def cpu_model():
    """What the processor calls itself."""
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found.group(1) if found else platform.machine()
