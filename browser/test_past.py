"""Whether the ledger that other tests look at is one that the server takes, and what its numbers are."""

import past
from server import COUNTS, Server


def test_the_past_is_what_the_server_reports(archive: Server) -> None:
    overview = archive.stats()
    assert {name: overview[name] for name in COUNTS} == {name: archive.totals()[name] for name in COUNTS}
    assert len(overview["days"]) == past.DAYS
    assert len(overview["files"]) == past.FILES
