"""From many costs to few numbers: medians, ratios with their spread, as tables, Markdown or JSON.

Promises: a ratio is that of two measurements of the same round, so that what slows the whole machine
for a while slows both; of these the median, and the least and greatest beside it.
"""

import datetime
import os
import platform
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import goals
import tools

# What others are compared with, if it is there.
BASES = ["nginx", "nginx, log", "nginx, copying", "tallyd, no counts", "tallyd", "tallyd, workers"]

# The same where there are many.
WIDE_BASES = ["floor", "nginx, log"]

# With so many servers a table has a row for each case and no columns for pairs.
MANY = 6


@dataclass(frozen=True)
class Number:
    """One of the numbers that a case finds: what it is called, and what it is."""

    name: str
    what: str
    unit: str
    digits: int
    # Less is better, and a ratio says something.
    is_cost: bool = True
    # It has a panel in the chart.
    charted: bool = True


class Results:
    """Costs by case, server and round."""

    def __init__(self, machine, cases, servers):
        self.machine = machine
        self.cases = cases
        self.servers = servers
        self.costs = {}
        # Why the last round is missing, if it is.
        self.given_up = None

    def add(self, case, server, cost):
        """One more round."""
        self.costs.setdefault(case.name, {}).setdefault(server, []).append(cost)

    def median(self, case, server, what="micros"):
        """The median of one of the numbers of a cost."""
        return median(getattr(cost, what) for cost in self.costs[case][server])

    def ratio(self, case, server, base, what="micros"):
        """Median, least and greatest of what `server` costs by what `base` does."""
        return ratio(self.costs[case][server], self.costs[case][base], what)

    def has(self, case, *servers):
        """Whether all of them were measured."""
        return all(server in self.costs.get(case, {}) for server in servers)

    def numbers(self):
        """Each case that was measured, with each of its numbers."""
        return [(case.name, number) for case in self.cases if case.name in self.costs for number in case.numbers]

    def pairs(self):
        """Which servers are compared with which."""
        for place, server in enumerate(self.servers):
            if not server.startswith("nginx"):
                yield from ((server, base) for base in BASES if base in self.servers[:place])

    def tables(self):
        """Heads and rows: one table, or with many servers, or with cases of other kinds, one for each thing to say."""
        if len(self.servers) < MANY and all(number.what in ("micros", "rate") for _, number in self.numbers()):
            yield self.narrow()
            return
        yield self.wide("median", lambda number: number.is_cost, self.cell)
        for base in [base for base in WIDE_BASES if base in self.servers] or ["tallyd"]:
            if base in self.servers:
                yield self.wide(f"/ {base}", lambda number: number.is_cost, self.ratio_cell(base), leave_out=base)
        yield self.wide("median", lambda number: not number.is_cost, self.cell)

    def narrow(self):
        """One row for each case: medians, ratios of pairs, requests a second."""
        pairs = list(self.pairs())
        head = ["CPU µs for each request", *self.servers]
        head += [f"{server} / {base}" for server, base in pairs]
        head += [f"{server}: requests/s" for server in self.servers]
        rows = []
        for case in self.costs:
            row = [case] + [self.shown(case, server, "micros", 1) for server in self.servers]
            row += [spread(self.ratio(case, *pair)) if self.has(case, *pair) else "" for pair in pairs]
            row += [self.shown(case, server, "rate", 0) for server in self.servers]
            rows.append(row)
        return head, rows

    def wide(self, title, chosen, cell, leave_out=None):
        """One row for each number, one column for each server."""
        numbers = [(case, number) for case, number in self.numbers() if chosen(number)]
        rows = {
            f"{number.name}, {number.unit}": {
                server: found
                for server in self.servers
                if server != leave_out and (found := cell(case, server, number))
            }
            for case, number in numbers
        }
        # Not everyone takes part everywhere.
        servers = [server for server in self.servers if any(server in row for row in rows.values())]
        return [title, *servers], [
            [name, *(row.get(server, "") for server in servers)] for name, row in rows.items() if row
        ]

    def cell(self, case, server, number):
        return self.shown(case, server, number.what, number.digits)

    def ratio_cell(self, base):
        def cell(case, server, number):
            if not self.has(case, server, base) or self.median(case, base, number.what) <= 0:
                return ""
            return f"{self.ratio(case, server, base, number.what)[0]:.2f}"

        return cell

    def shown(self, case, server, what, digits):
        return f"{self.median(case, server, what):,.{digits}f}" if self.has(case, server) else ""

    def text(self):
        """The tables for a terminal."""
        tables = [text for head, rows in self.tables() if (text := as_text(head, rows) if rows else "")]
        return "\n\n".join([self.machine, *tables, "\n".join([self.verdict(), *self.overhead(), *self.reached()])])

    def markdown(self):
        """The tables for a README."""
        tables = [as_markdown(head, rows) for head, rows in self.tables() if rows]
        reached = [f"- {line}" for line in self.reached()]
        return "\n\n".join([self.machine, *tables, *(["\n".join(reached)] if reached else [])]) + "\n"

    def reached(self):
        """What must be reached, where it was measured."""
        return goals.reached(self)

    def overhead(self):
        """What counting costs, and counting with a log, where both were measured."""
        bare = "tallyd, no counts"
        limits = {"tallyd, no log": 1.05, "tallyd": 1.15}
        lines = []
        for case in self.costs:
            for server, limit in limits.items():
                if self.has(case, server, bare) and hasattr(self.costs[case][bare][0], "micros"):
                    ratio = self.ratio(case, server, bare)[0]
                    verdict = "within" if ratio <= limit else "above"
                    lines.append(f"{case}: {server} / {bare} is {ratio:.3f}, {verdict} {limit}")
        return lines

    def verdict(self):
        """Where tallyd, with its log, costs more than others."""
        others = [server for server in self.servers if not server.startswith("tallyd") and server != "floor"]
        lines = []
        for other in others:
            both = [
                (case, number) for case, number in self.numbers() if number.is_cost and self.has(case, "tallyd", other)
            ]
            above = [
                f"{number.name} ({found:.2f})"
                for case, number in both
                if (found := self.ratio(case, "tallyd", other, number.what)[0]) > 1
            ]
            if both:
                lines.append(f"tallyd above {other}: {'; '.join(above) or 'nowhere'}")
        return "\n".join(lines)

    def raw(self):
        """Every measurement, for a program."""
        costs = {
            case: {server: [asdict(cost) for cost in rounds] for server, rounds in servers.items()}
            for case, servers in self.costs.items()
        }
        ratios = {}
        bases = {"floor", *BASES} & set(self.servers)
        for case, number in self.numbers():
            for server in self.servers:
                for base in bases - {server}:
                    if number.is_cost and self.has(case, server, base):
                        found = ratios.setdefault(case, {}).setdefault(number.what, {})
                        found[f"{server} / {base}"] = self.ratio(case, server, base, number.what)
        return {"machine": self.machine, "servers": self.servers, "costs": costs, "ratios": ratios}


def ratio(costs, of_base, what="micros"):
    """Median, least and greatest of what one costs by what the other does in the same round."""
    ratios = [getattr(cost, what) / max(getattr(base, what), 1e-9) for cost, base in zip(costs, of_base, strict=True)]
    return median(ratios), min(ratios), max(ratios)


def spread(ratio):
    """A ratio as people read it."""
    return "{:.2f} ({:.2f}-{:.2f})".format(*ratio)


def as_text(head, rows):
    """A table for a terminal."""
    columns = list(zip(head, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    lines = []
    for name, *cells in [head, *rows]:
        cells = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
        lines.append("  ".join([name.ljust(widths[0]), *cells]).rstrip())
    return "\n".join(lines)


def as_markdown(head, rows):
    """A table for a README."""
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, rule, *rows])


def machine(versions, rounds, seconds):
    """One line: when, where and with what. `versions` are commands that print theirs, each with a name if it doesn't
    say its own; the same ones count once.
    """
    said = [tidy(f"{name} {tools.version(command)}".strip()) for name, command in versions if command]
    parts = [
        datetime.date.today().isoformat(),
        f"{cpu_model()} ({os.cpu_count()} cores)",
        f"Linux {'.'.join(platform.release().split('.')[:2])} ({congestion_control()})",
        *dict.fromkeys(said),
        " ".join(tools.version(["wrk", "-v"]).split()[:2]),
        f"{rounds} x {seconds} s",
    ]
    return ", ".join(parts)


def tidy(version):
    """A version as people say it: "nginx 1.22.1"."""
    version = re.sub(r"^(nginx|Server) version: ", "", version)
    words = version.replace("/", " ").replace(" version ", " ").replace(" Version: ", " ").split()
    return " ".join(words[:2])


def congestion_control():
    """How the system sends: bbr paces with a timer for each packet."""
    return Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip()


def cpu_model():
    """What the processor calls itself."""
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found.group(1) if found else platform.machine()
