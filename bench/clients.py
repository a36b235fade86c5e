"""The load generators: how each is called for the same work, and what it says it did.

Promises: a count is only returned if the program saw no error and nothing but answers of status 200. All get
one thread and the same number of connections that stay open. Knows nothing of servers or of CPU time.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

import tools
import wrk

# The current one when this was written.
OHA = "1.16.0"


@dataclass(frozen=True)
class Client:
    """One load generator."""

    # The command that asks for a URL for so many seconds.
    lasting: Callable[[str, int], list]
    # The command that sends so many requests; wrk has none.
    sending: Callable[[str, int], list] | None
    # From what it printed, how many requests were answered.
    answered: Callable[[bytes], int]


def contenders(place, binaries, oha, tree, connections):
    """All load generators by name. `binaries` are tallyds by name: "tallyd load" and others to compare it with."""
    script = wrk.script(place)

    def ask_oha(url, *limit):
        # Its fastest way by its own description: without a live view; one thread, for it has one core.
        words = [oha, "--no-tui", "--output-format", "json", "--disable-compression", "--worker-threads", 1]
        return [*words, "-c", connections, *limit, url]

    def ask_tallyd(binary, answered, *options):
        def ask(url, *limit):
            return [binary, "load", url, "-c", connections, "--threads", 1, *limit, "--json", *options]

        return timed_or_counted(ask, answered)

    make = {
        "wrk": Client(lambda url, seconds: wrk.command(script, connections, seconds, url), None, read_wrk),
        # Requests that are on their way when time is over are waited for, so that its count is the server's.
        "oha": timed_or_counted(ask_oha, read_oha, "-w"),
    }
    for name, binary in binaries.items():
        make[name] = ask_tallyd(binary, read_tallyd)
        make[f"{name} --verify"] = ask_tallyd(binary, read_verified, "--verify", tree)
    return make


def timed_or_counted(ask, answered, *at_the_end):
    """A load generator that is told by `-z` how long and by `-n` how many."""
    return Client(
        lambda url, seconds: ask(url, "-z", f"{seconds}s", *at_the_end),
        lambda url, requests: ask(url, "-n", requests),
        answered,
    )


def read_wrk(printed):
    return wrk.counted(printed)["requests"]


def read_oha(printed):
    said = json.loads(printed)
    statuses, errors = said["statusCodeDistribution"], said["errorDistribution"]
    return only_good("oha", statuses.pop("200", 0), {**statuses, **errors})


def read_tallyd(printed):
    said = json.loads(printed)
    statuses = dict(said["statuses"])
    return only_good("tallyd load", statuses.pop("200", 0), {**statuses, **said["errors"]})


def read_verified(printed):
    answered, verified = read_tallyd(printed), json.loads(printed)["verified"]
    if verified != answered:
        raise tools.Failed(f"{answered} answers, of which {verified} were compared with the tree")
    return answered


def only_good(name, requests, counts):
    """So many answers of status 200, and nothing else; kinds that did not occur may be listed too."""
    wrong = {kind: count for kind, count in counts.items() if count}
    if wrong or not requests:
        raise tools.Failed(f"{name} saw errors: {wrong or 'no answer at all'}")
    return requests
