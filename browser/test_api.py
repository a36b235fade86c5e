"""The API is what its description says: each answer of each question, as a program finds it."""

import csv
import io
import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

import past
from server import COUNTS, PATIENCE, Server

Json = Any

# Questions: one value for each parameter of each path with which the answer is another, and what has to be asked for
# beside it. A parameter that is described and not here fails a test, and so does one that changes nothing.
FILE = f"path={past.path_of(1)}"


def ago(days: int) -> str:
    """The day so many days ago. A date that is written down is one day that of the question beside it."""
    return (datetime.now(UTC) - timedelta(days=days)).date().isoformat()


DAYS = {"days": "7", "since": ago(10), "until": ago(60), "site": past.OTHER}
ROWS = {"search": "report-00", "sort": "path", "limit": "3", "offset": "5", "format": "csv"}
QUESTIONS: dict[str, tuple[str, dict[str, str]]] = {
    "/api/v1/overview": ("", {**DAYS, **ROWS, "table": "referrers"}),
    "/api/v1/files": ("", {**DAYS, **ROWS}),
    "/api/v1/file": (FILE, {**DAYS, "path": past.path_of(3), "format": "csv", "table": "versions"}),
    "/api/v1/series": ("days=30", {**DAYS, "path": past.path_of(1), "unit": "hour", "format": "csv"}),
}


@pytest.fixture(scope="module")
def description(archive: Server) -> Json:
    """What the server says of its API."""
    return archive.api("openapi.json")


def test_the_description_is_openapi(description: Json) -> None:
    assert description["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(description).validate()


def test_every_path_is_described_and_only_these(description: Json) -> None:
    assert set(description["paths"]) == {*QUESTIONS, "/api/v1/events", "/api/v1/openapi.json"}


def parameters(description: Json, path: str) -> dict[str, Json]:
    """The parameters of a question, by their names."""
    listed = description["paths"][path]["get"].get("parameters", [])
    found = [resolved(description, parameter) for parameter in listed]
    return {parameter["name"]: parameter for parameter in found}


def resolved(description: Json, what: Json) -> Json:
    """What a reference leads to."""
    while "$ref" in what:
        place = description
        for step in what["$ref"].removeprefix("#/").split("/"):
            place = place[step.replace("~1", "/").replace("~0", "~")]
        what = place
    return what


def check(description: Json, path: str, status: int, answer: Json) -> None:
    """Whether an answer is as described."""
    responses = description["paths"][path]["get"]["responses"]
    response = resolved(description, responses[str(status)])
    check_schema(description, response["content"]["application/json"]["schema"], answer)


def check_schema(description: Json, schema: Json, value: Json) -> None:
    """Whether a value is as a schema says."""
    validator = Draft202012Validator({"components": description["components"], **schema})
    problems = [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(value)]
    assert not problems, problems


@pytest.mark.parametrize("path", QUESTIONS)
def test_an_answer_that_is_not_as_described_is_found_out(archive: Server, description: Json, path: str) -> None:
    beside, _ = QUESTIONS[path]
    answer = json.loads(archive.ask(f"{path}?{beside}").text)
    check(description, path, 200, answer)
    for wrong in ({**answer, "more": 1}, {**answer, "rules": "1"}, {name: answer[name] for name in list(answer)[1:]}):
        with pytest.raises(AssertionError):
            check(description, path, 200, wrong)
    for name in ("files", "points", "versions", "days"):
        if answer.get(name):
            with pytest.raises(AssertionError):
                check(description, path, 200, {**answer, name: [{**answer[name][0], "more": 1}]})


@pytest.mark.parametrize("path", QUESTIONS)
def test_every_parameter_does_something_and_every_answer_is_as_described(
    archive: Server, description: Json, path: str
) -> None:
    beside, changes = QUESTIONS[path]
    assert set(parameters(description, path)) == {*changes, *(["path"] if "path=" in beside else [])}
    plain = archive.ask(f"{path}?{beside}")
    assert plain.status == 200
    check(description, path, 200, json.loads(plain.text))
    for name, value in changes.items():
        others = [part for part in beside.split("&") if part and not part.startswith(f"{name}=")]
        if name in ("since", "until"):
            others = [part for part in others if not part.startswith("days=")]
        answer = archive.ask(f"{path}?{'&'.join([*others, f'{name}={value}'])}")
        if (path, name) == ("/api/v1/file", "site"):
            # The file is of the main site only.
            assert answer.status == 404
            check(description, path, 404, json.loads(answer.text))
            continue
        assert answer.status == 200, (name, answer.text)
        assert answer.text != plain.text, f"{name} changes nothing"
        if name in ("format", "table"):
            assert answer.headers["content-type"].startswith("text/csv")
        else:
            assert answer.headers["content-type"].startswith("application/json")
            check(description, path, 200, json.loads(answer.text))


def test_every_table_is_of_an_overview_or_of_a_file_and_has_rows(archive: Server, description: Json) -> None:
    of_overview = {"days", "classes", "statuses", "referrers", "not-found"}
    of_file = {"days", "classes", "referrers", "versions", "aborted"}
    assert set(parameters(description, "/api/v1/overview")["table"]["schema"]["enum"]) == of_overview | of_file
    for table in sorted(of_overview | of_file):
        for path, beside, fitting in (("overview", "", of_overview), ("file", FILE, of_file)):
            answer = archive.ask(f"/api/v1/{path}?{beside}&table={table}")
            if table in fitting:
                rows = list(csv.DictReader(io.StringIO(answer.text)))
                assert rows, (path, table)
                assert {row["rules"] for row in rows} == {"1"}
            else:
                assert answer.status == 400
                check(description, f"/api/v1/{path}", 400, json.loads(answer.text))


@pytest.mark.parametrize("sort", ["downloads", "hits", "bytes", "aborted", "path", "last"])
@pytest.mark.parametrize("more", ["", "&days=1", "&days=30", "&search=archive&offset=1000000000000000000000&limit=1"])
def test_files_in_every_order_are_as_described(archive: Server, description: Json, sort: str, more: str) -> None:
    answer = archive.api(f"files?sort={sort}{more}")
    check(description, "/api/v1/files", 200, answer)
    rows = [row[{"last": "last_seen"}.get(sort, sort)] for row in answer["files"]]
    assert rows == sorted(rows, reverse=sort != "path")


@pytest.mark.parametrize("unit", ["hour", "day"])
@pytest.mark.parametrize("which", ["", f"&path={past.path_of(1)}", f"&site={past.OTHER}"])
@pytest.mark.parametrize("days", ["1", "7", "365", "all"])
def test_series_are_as_described(archive: Server, description: Json, unit: str, which: str, days: str) -> None:
    answer = archive.ask(f"/api/v1/series?unit={unit}&days={days}{which}")
    check(description, "/api/v1/series", answer.status, json.loads(answer.text))


WRONG = [
    "days=0", "days=-1", "days=1e3", "days=99999999999999999999", "days=x", "days=7&since=2026-01-01",
    "since=2026-02-30", "since=2026-02-02&until=2026-02-01", "until=tomorrow", "limit=0", "limit=1001", "limit=x",
    "offset=-1", "sort=size", "format=xml", "unit=week", "nothing=1",
]  # fmt: skip


@pytest.mark.parametrize("query", WRONG)
def test_a_wrong_question_is_told_so(archive: Server, description: Json, query: str) -> None:
    for path in QUESTIONS:
        answer = archive.ask(f"{path}?{query}")
        assert answer.status == 400, (path, answer.text)
        error = json.loads(answer.text)
        check(description, path, 400, error)
        assert query.partition("=")[0] in error["error"]


def test_a_file_that_is_not_there_is_told_so(archive: Server, description: Json) -> None:
    for path in ("file", "series"):
        answer = archive.ask(f"/api/v1/{path}?path=/nowhere")
        assert answer.status == 404
        check(description, f"/api/v1/{path}", 404, json.loads(answer.text))
    assert archive.ask("/api/v1/file").status == 400
    assert archive.ask("/api/v1/nothing").status == 404


def test_who_is_turned_away_is_told_as_described(
    archive: Server, description: Json, serve: Callable[..., Server]
) -> None:
    guarded = serve({}, token="kJ7v2rQ9tLx4Wm8ZpB3s")
    stateless = serve({}, "--no-state")
    for path in description["paths"]:
        refusals = [
            (421, archive.ask(path, headers={"Host": "evil.example"})),
            (403, archive.ask(path, headers={"Origin": "http://evil.example"})),
            (401, guarded.ask(path, headers={"Authorization": None})),
        ]
        if path in QUESTIONS:
            refusals.append((503, stateless.ask(f"{path}?path=/a")))
        for status, answer in refusals:
            assert answer.status == status, (path, answer.text)
            check(description, path, status, json.loads(answer.text))


def test_events_are_as_described(serve: Callable[..., Server], description: Json) -> None:
    server = serve({"a.txt": b"hello"})
    schemas = description["paths"]["/api/v1/events"]["get"]["responses"]["200"]["x-events"]
    requests = ("/a.txt", "/a.txt?again", "/nowhere", "/")
    seen: list[Json] = []
    counted: Json = {}
    with closing(HTTPConnection(server.admin.removeprefix("http://"), timeout=PATIENCE)) as connection:
        connection.request("GET", "/api/v1/events")
        response = connection.getresponse()
        assert response.headers["content-type"] == "text/event-stream"
        events = iter(lambda: next_event(response), None)
        name, data = next(events)
        assert name == "hello"
        check_schema(description, schemas[name], data)
        for target in requests:
            server.ask(target, of_files=True, headers={"User-Agent": "curl/8", "Referer": "https://news.example/"})
        while len(seen) < len(requests) or counted.get("complete") != 2:
            name, data = next(events)
            check_schema(description, schemas[name], data)
            if name == "requests":
                # A hit that was under way when it was read comes again when it has ended.
                seen += [reply for reply in data if reply["kind"] != "hit" or reply["outcome"]]
            if name == "counts":
                counted = data
    assert [reply["id"] for reply in seen] == sorted(reply["id"] for reply in seen)
    # Two workers have a journal and a clock each: which reply comes first is not said.
    assert sorted(reply["status"] for reply in seen) == [200, 200, 404, 404]
    assert sorted(reply["number"] for reply in seen if reply["kind"] == "hit") == [1, 2]
    assert {reply["number"] for reply in seen if reply["kind"] != "hit"} == {None}
    assert counted["downloads"] == 1
    assert counted["repeats"] == 1


def next_event(stream: HTTPResponse) -> tuple[str, Json]:
    """The name and the data of the next event."""
    fields: dict[str, str] = {}
    while "data" not in fields:
        while line := stream.readline().decode().rstrip("\n"):
            name, _, value = line.partition(": ")
            fields[name] = value
    return fields["event"], json.loads(fields["data"])


def test_the_overview_is_what_the_command_line_says(archive: Server) -> None:
    overview = archive.api("overview?limit=1000")
    stats = archive.stats()
    stats["files"] = stats["files"][:1000]
    assert overview == stats


def test_all_pages_of_files_together_are_all_files(archive: Server) -> None:
    found: list[Json] = []
    offset: int | None = 0
    while offset is not None:
        answer = archive.api(f"files?sort=path&limit=500&offset={offset}")
        found += answer["files"]
        offset = answer["next_offset"]
    with archive.ledger() as ledger:
        rows = ledger.execute("SELECT site, path, downloads, hits, bytes FROM files").fetchall()
    names = ("site", "path", "downloads", "hits", "bytes")
    assert sorted(tuple(row) for row in rows) == sorted(tuple(file[name] for name in names) for file in found)


def test_series_add_up_to_the_overview(archive: Server) -> None:
    for days in (1, 7, 30, 365):
        overview = archive.api(f"overview?days={days}")
        points = archive.api(f"series?days={days}&unit=day")["points"]
        assert len(points) == days
        for name in COUNTS:
            assert sum(point[name] for point in points) == overview[name], (days, name)


@pytest.mark.parametrize("path", QUESTIONS)
def test_csv_is_a_table_of_the_same_numbers(archive: Server, path: str) -> None:
    beside, _ = QUESTIONS[path]
    answer = archive.ask(f"{path}?{beside}&format=csv")
    assert "attachment" in answer.headers["content-disposition"]
    table = list(csv.DictReader(io.StringIO(answer.text)))
    shown = json.loads(archive.ask(f"{path}?{beside}").text)
    rows = shown.get("points") or (
        shown["days"] if "files" not in shown or path.endswith("overview") else shown["files"]
    )
    assert len(table) == len(rows)
    # What overlaps has to be the same.
    for line, row in zip(table, rows, strict=True):
        common = [name for name in COUNTS if name in line and name in row]
        assert {"hits", "downloads"} <= set(common)
        assert [int(line[name]) for name in common] == [row[name] for name in common]


def test_every_answer_forbids_what_it_does_not_need(archive: Server) -> None:
    for path in ("/", "/files", "/rules", "/api/v1/overview", "/style.css", "/metrics"):
        headers = archive.ask(path).headers
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["cache-control"], path
        policy = headers.get("content-security-policy", "")
        if headers["content-type"].startswith("text/html"):
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
