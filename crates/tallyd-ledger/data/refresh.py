#!/usr/bin/env python3
"""Renews the second half of agents.txt, the crawlers, from the npm package crawler-user-agents.

    npm pack crawler-user-agents && tar xf crawler-user-agents-*.tgz
    python3 refresh.py package      # the directory that has crawler-user-agents.json, package.json and LICENSE

The first half, above the marker, is kept as it is. The package has regular expressions, we have plain text: simple
alternatives are written out, of the rest the longest text is taken.
"""
import itertools
import json
import pathlib
import re
import sys

LIST = pathlib.Path(__file__).with_name("agents.txt")
MARKER = "# ---- Made by refresh.py from here on: do not edit. ----\n"

# What programs of people have in their names too, or what is too short to mean anything.
LEFT_OUT = {
    "008/": "end of many Android builds; 80legs, whose it was, is a crawler by its own word",
    "AP3A.240617.008": "an Android build that real phones have",
    "Code/1.": "an editor, with a person before it",
    "Fluid": "Fluid makes applications of sites, for people",
    "Hotjar": "a mark that its users' own browsers carry",
    "MetaIAB Facebook": "the browser inside of an app",
    "NextCloud": "clients of people are named so",
    "Overcast/": "podcasts, for people; its crawler is in our half",
    "PocketCasts/": "as Overcast",
    "Podimo": "as Overcast",
    "RSS Reader": "readers of people are called that",
    "Sogou": "also a browser; its spiders call themselves spiders",
    "Trae/": "an editor, as Code",
    "ds9": "three letters",
}
# Ordinary words and names: a bot only if the agent begins with them.
AT_THE_BEGINNING = {
    "Adventurer", "Asana/", "Blackboard", "Charlotte", "Determ", "Disqus", "Fever", "GoPay", "Grammarly/",
    "Hello World", "Instapaper/", "Jumio", "Magellan", "Make/", "Mastodon", "NetAPI", "Notion/", "PayPal/",
    "Retool/", "Stripe/", "Termly", "Trove", "Tumblr/", "Viber", "Webflow", "WhatsApp",
}
SHORTEST = 3
FEW = 8


def texts(pattern):
    """The texts that a regular expression stands for; None marks a place where anything may be."""
    parts = [pieces(*node) for node in re._parser.parse(pattern)]
    count = 1
    for part in parts:
        count *= len(part)
    if count > FEW:
        parts = [part if len(part) == 1 else [(None,)] for part in parts]
    return [sum(choice, ()) for choice in itertools.product(*parts)]


def pieces(kind, value):
    """The ways in which one node can be written, each a tuple of characters, '^' for the beginning, and None."""
    name = str(kind)
    if name == "LITERAL":
        return [(chr(value),)]
    if name == "AT":
        return [("^",)] if str(value) == "AT_BEGINNING" else [()]
    if name == "IN" and all(str(inner) == "LITERAL" for inner, _ in value):
        # Upper and lower case are one to us.
        return [(letter,) for letter in sorted({chr(code).lower() for _, code in value})]
    if name == "SUBPATTERN":
        return in_sequence(value[-1])
    if name == "BRANCH":
        return [way for branch in value[1] for way in in_sequence(branch)]
    return [(None,)]


def in_sequence(nodes):
    return [sum(choice, ()) for choice in itertools.product(*(pieces(*node) for node in nodes))]


def plain_of(characters):
    """The longest plain text of these, and whether it stands at the beginning only."""
    runs = [tuple(run) for is_gap, run in itertools.groupby(characters, lambda one: one is None) if not is_gap]
    text = "".join(max(runs, key=len, default=()))
    return text.startswith("^"), text.removeprefix("^").strip()


def line_of(characters):
    """The text as a line has it; empty if it is left out."""
    begins, text = plain_of(characters)
    if len(text) < SHORTEST or text in LEFT_OUT or not text.isascii():
        return ""
    return f"^{text}" if begins or text in AT_THE_BEGINNING else text


def is_known(text, own):
    """Whether a line of our half says all that this one would."""
    lower = text.lower()
    for line in own:
        kind, known = line.lower().split(" ", 1)
        if kind == "person":
            continue
        if known.startswith("*") and known[1:] in lower:
            return True
        # Also where ours is said of the beginning or of the whole alone, on purpose.
        bare = lower.lstrip("^")
        if bare == known.lstrip("=") or bare.startswith(known.lstrip("^")):
            return True
    return False


def main():
    package = pathlib.Path(sys.argv[1])
    version = json.loads((package / "package.json").read_text())["version"]
    ours = LIST.read_text().split(MARKER)[0]
    own = [line for line in ours.splitlines() if line and not line.startswith("#")]
    patterns = [entry["pattern"] for entry in json.loads((package / "crawler-user-agents.json").read_text())]
    lines = {}
    unused = LEFT_OUT.keys() | AT_THE_BEGINNING
    for characters in itertools.chain.from_iterable(map(texts, patterns)):
        unused -= {plain_of(characters)[1]}
        text = line_of(characters)
        if text and not is_known(text, own):
            lines.setdefault(text.lower(), text)
    licence = (package / "LICENSE").read_text().strip()
    out = [ours, MARKER, f"# crawler-user-agents {version} (https://github.com/monperrus/crawler-user-agents)\n#\n"]
    out += [f"# {line}".rstrip() + "\n" for line in licence.splitlines()]
    out += [f"bot {lines[key]}\n" for key in sorted(lines)]
    LIST.write_text("".join(out))
    if unused:
        sys.exit(f"no longer in the package, so not needed here: {sorted(unused)}")


main()
