"""wrk: how it is called, and what it counted.

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


def script(place):
    """The file that makes wrk print for us."""
    file = place / "done.lua"
    file.write_text(DONE)
    return file


def command(script, connections, seconds, url, close=False):
    """wrk with one thread."""
    words = ["wrk", "-t", 1, "-c", connections, "-d", f"{seconds}s", "--timeout", "20s", "-s", script]
    return [*words, *(["-H", "Connection: close"] if close else []), url]


def counted(printed):
    """What wrk counted: requests that were answered, bytes of whole replies, its own time, latencies."""
    counted = json.loads(printed.splitlines()[-1])
    wrong = {kind: count for kind, count in counted["errors"].items() if count}
    if wrong or not counted["requests"]:
        raise tools.Failed(f"wrk saw errors: {wrong or 'no answer at all'}")
    return counted
