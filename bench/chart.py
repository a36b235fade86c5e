"""The medians as bars, as SVG: for each case a panel with its own scale, for each server a bar.

Promises: light on dark or dark on light as the reader has it, letters of any font, no script, nothing loaded.
"""

import textwrap
from html import escape

COLUMNS = 2
WIDTH = 860
PANEL = WIDTH // COLUMNS
# Of a panel, from left: names end here, bars begin there and are at most so long; what is left is for the value.
NAMES = 112
BARS = 118
LONGEST = 240
ROW = 15
TITLE = 24
GAP = 20
TOP = 44

SAYS = (
    "Medians; each panel has its own scale; µs CPU is for each request. "
    "tallyd counts and logs; of the others only “nginx, log” logs."
)

STYLE = """
text{font:11px system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif;fill:#57606a}
.n{text-anchor:end}.h{font-size:13px;font-weight:600;fill:#1f2328}.s{font-size:10px}
rect{fill:#afb8c1}.floor{fill:#dde2e7}.ours{fill:#0a7d5c}.less{fill:#72bfa6}.o{fill:#1f2328;font-weight:600}
@media(prefers-color-scheme:dark){text{fill:#9ba5b0}.h,.o{fill:#e6edf3}rect{fill:#59636e}.floor{fill:#363d46}
.ours{fill:#2fbd8f}.less{fill:#1f7a5e}}
"""


def drawn(results):
    """The whole picture."""
    panels = [panel for case, number in results.numbers() if number.charted and (panel := bars(results, case, number))]
    parts, top = [], TOP
    for first in range(0, len(panels), COLUMNS):
        beside = panels[first : first + COLUMNS]
        parts += [panel(place * PANEL, top) for place, (panel, _) in enumerate(beside)]
        top += max(height for _, height in beside) + GAP
    foot = textwrap.wrap(results.machine, 150)
    lines = [f'<text class="s" x="8" y="{top + 13 * number}">{escape(line)}</text>' for number, line in enumerate(foot)]
    height = top + 13 * len(foot)
    return "\n".join(
        [
            '<svg xmlns="http://www.w3.org/2000/svg"',
            f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">',
            f"<title>tallyd beside other servers of files</title><style>{STYLE.strip()}</style>",
            '<text class="h" x="8" y="18">What it costs: less is better</text>',
            f'<text class="s" x="8" y="33">{SAYS}</text>',
            *parts,
            *lines,
            "</svg>\n",
        ]
    )


def bars(results, case, number):
    """What draws a panel at a place, and how high it is; None if there is nothing to compare."""
    found = [
        (server, results.median(case, server, number.what), results.shown(case, server, number.what, number.digits))
        for server in results.servers
        if results.has(case, server)
    ]
    if len(found) < 2:
        return None
    scale = LONGEST / max(max(value for _, value, _ in found), 1e-9)

    def panel(left, top):
        rows = [f'<text class="h" x="8" y="13">{escape(number.name)}, {escape(number.unit)}</text>']
        for place, (server, value, shown) in enumerate(found):
            y = TITLE + place * ROW
            length = max(1, round(value * scale))
            bold = ' class="o"' if server == "tallyd" else ""
            rows.append(
                f'<text class="n{" o" if bold else ""}" x="{NAMES}" y="{y + 9}">{escape(server)}</text>'
                f'<rect{kind(server)} x="{BARS}" y="{y}" width="{length}" height="10"/>'
                f'<text{bold} x="{BARS + length + 5}" y="{y + 9}">{shown}</text>'
            )
        return "\n".join([f'<g transform="translate({left} {top})">', *rows, "</g>"])

    return panel, TITLE + ROW * len(found)


def kind(server):
    """How its bar is coloured."""
    if server == "floor":
        return ' class="floor"'
    if server == "tallyd":
        return ' class="ours"'
    return ' class="less"' if server.startswith("tallyd, ") else ""
