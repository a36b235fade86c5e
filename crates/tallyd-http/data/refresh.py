#!/usr/bin/env python3
"""Makes media-types.txt from the db.json of the npm package mime-db.

    npm pack mime-db && tar xf mime-db-*.tgz
    python3 refresh.py package > media-types.txt      # the directory that has db.json, package.json and LICENSE

Several types may claim one extension. The choice is the one of the npm package mime-types (mime-score): registered
types first, then those of a vendor's tree, then those with x-; a registration with IANA before one known from Apache
or nginx; font, audio and video before application; the shorter name.
"""
import json
import pathlib
import sys

# What a file server should say otherwise, each with its reason.
OVERRIDES = {
    # The registered type. The list has application/x-debian-package from Apache, beside octet-stream.
    "deb": "application/vnd.debian.binary-package",
    # What browsers, nginx and the WHATWG MIME standard say; image/vnd.microsoft.icon is only the registration.
    "ico": "image/x-icon",
    # Rust sources are what a file server has; the list knows only application/rls-services+xml, of the SIP world.
    "rs": "text/plain",
    # RFC 9639 registers it; the list has only the older audio/x-flac.
    "flac": "audio/flac",
    # RFC 6713 and RFC 8878 register the types; the list has them without these extensions.
    "tgz": "application/gzip",
    "zst": "application/zstd",
}

FACETS = {"prs.": 100, "x-": 200, "x.": 300, "vnd.": 400}
SOURCES = {"nginx": 10, "apache": 20, "iana": 40}
KINDS = {"application": 1, "font": 2, "audio": 2, "video": 3}


def score(media_type, source):
    if media_type == "application/octet-stream":
        return 0
    kind, subtype = media_type.split("/", 1)
    facet = next((points for prefix, points in FACETS.items() if subtype.startswith(prefix)), 900)
    return facet + SOURCES.get(source, 30) + KINDS.get(kind, 0) + 1 - len(media_type) / 100


def main():
    package = pathlib.Path(sys.argv[1])
    version = json.loads((package / "package.json").read_text())["version"]
    best = {}
    for media_type, facts in json.loads((package / "db.json").read_text()).items():
        points = score(media_type, facts.get("source"))
        for extension in facts.get("extensions", ()):
            best[extension] = max(best.get(extension, (-1, "")), (points, media_type))
    chosen = {extension: media_type for extension, (_, media_type) in best.items()} | OVERRIDES
    licence = (package / "LICENSE").read_text().strip()
    print(f"# Media types by extension, from mime-db {version} (https://github.com/jshttp/mime-db).")
    print("# Made by refresh.py: do not edit. Sorted; text types with the charset that is sent with them.")
    print("#")
    for line in licence.splitlines():
        print(f"# {line}".rstrip())
    for extension in sorted(chosen):
        charset = "; charset=utf-8" if chosen[extension].startswith("text/") else ""
        print(f"{extension} {chosen[extension]}{charset}")


main()
