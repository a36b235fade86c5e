"""wrk: how it is called, what it asks for, and what it counted.

Promises: a count is only returned if wrk saw no error of any kind and at least one answer.
"""

import json

import tools

# wrk prints for people; this prints for us. Without a request function its requests stay ready-made.
DONE = """
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\\n{"requests":%d,"bytes":%d,"micros":%d,"p50":%d,"p99":%d,' ..
    '"errors":{"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}}\\n',
    summary.requests, summary.bytes, summary.duration,
    latency:percentile(50), latency:percentile(99),
    e.connect, e.read, e.write, e.status, e.timeout))
end
"""

# Draws one of many requests each time, always the same ones for a seed. They are made beforehand.
DRAWN = """
local requests = {}
init = function()
  math.randomseed(%(seed)d)
  for n = 0, %(count)d - 1 do requests[n] = %(request)s end
end
request = function() return requests[math.random(0, %(count)d - 1)] end
"""

# The same request so often at a time.
PIPELINED = """
local requests
init = function() requests = string.rep(wrk.format(), %d) end
request = function() return requests end
"""


def script(place, asking=""):
    """The file that makes wrk ask as `asking` says, and print for us."""
    file = place / "wrk.lua"
    file.write_text(asking + DONE)
    return file


def drawn(request, count, seed):
    """Asks at random for one of `count` requests, of which `request` makes the n-th."""
    return DRAWN % {"request": request, "count": count, "seed": seed}


def pipelined(count):
    """Asks for so many at a time."""
    return PIPELINED % count


def command(script, connections, seconds, url, fields=()):
    """wrk with one thread."""
    words = ["wrk", "-t", 1, "-c", connections, "-d", f"{seconds}s", "--timeout", "20s", "-s", script]
    return [*words, *(word for field in fields for word in ("-H", field)), url]


def counted(printed, unsaid=False):
    """What wrk counted: requests that were answered, bytes of whole replies, its own time, latencies.

    A server that closes after its answer without having said so (`unsaid`) has its end taken for an error, after each
    answer at most one.
    """
    counted = json.loads(printed.splitlines()[-1])
    wrong = {kind: count for kind, count in counted["errors"].items() if count}
    if unsaid and wrong.get("read", 0) <= counted["requests"]:
        wrong.pop("read", None)
    if wrong or not counted["requests"]:
        raise tools.Failed(f"wrk saw errors: {wrong or 'no answer at all'}")
    return counted
