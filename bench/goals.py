"""What must be reached: limits for tallyd, as ratios and as numbers, and by how much they are kept or missed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """In this case, this number of this server is at most so much: of another server's, or as it is."""

    case: str
    limit: float
    base: str | None = None
    what: str = "micros"
    server: str = "tallyd"
    unit: str = "ms"

    def reached(self, results):
        """One line, or None where it wasn't measured."""
        servers = [self.server] + ([self.base] if self.base else [])
        if not results.has(self.case, *servers):
            return None
        if self.base:
            found, least, greatest = results.ratio(self.case, self.server, self.base, self.what)
            shown = f"{self.server} / {self.base} is {found:.2f} ({least:.2f}-{greatest:.2f})"
        else:
            found = results.median(self.case, self.server, self.what)
            shown = f"{self.server}: {self.what.replace('_', ' ')} is {found:.2f} {self.unit}"
        return f"{self.case}: {shown}, {'within' if found <= self.limit else 'ABOVE'} {self.limit:g}"


GOALS = [
    *(
        goal
        for size in ("1 KB, keep-alive", "10 KB, keep-alive")
        for goal in (
            Goal(size, 1.20, "floor"),
            Goal(size, 1.10, "floor", server="tallyd, no log"),
            Goal(size, 0.60, "nginx, log"),
        )
    ),
    Goal("100 KB, keep-alive", 0.75, "nginx, log"),
    Goal("1 MB, keep-alive", 0.95, "nginx"),
    Goal("20 MB, keep-alive", 0.95, "nginx"),
    Goal("1 KB, new connection each", 0.90, "nginx"),
    Goal("10,000 files of 10 KB, random", 0.70, "nginx, log"),
    Goal("idle connection", 1.0, what="each", unit="KB"),
    Goal("list of 100,000 entries", 50, what="first_byte"),
    Goal("list of 100,000 entries", 5, what="slowest"),
    Goal("cold start", 15, what="millis"),
    Goal("slow disk", 5, what="p99"),
]


def reached(results):
    """One line for each goal that was measured, where there is something to compare it with as well."""
    if "floor" not in results.servers:
        return []
    return [line for goal in GOALS if (line := goal.reached(results))]
