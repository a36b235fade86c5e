"""All cases, in the order of tables.

A case has a name, the numbers that it finds, what it `needs` of Debian, how many `rounds` if the run doesn't say,
and whether it `takes` a contender. It prepares the files once, says how many seconds a measurement takes, and measures.
"""

import idle
import listing
import measure
import slow_disk
import start

# Those of a run without --all and --case.
DEFAULT = measure.BY_SIZE

# Of a new connection each, one size says what there is to say.
ALL = [
    *measure.KEPT,
    measure.CLOSED[0],
    measure.ManyFiles(),
    measure.Ranges(),
    measure.PIPELINED,
    measure.NotModified(),
    idle.Idle(),
    listing.Listing(),
    start.Start(),
    start.Size(),
    slow_disk.SlowDisk(),
]

# What --case chooses from.
EVERY = [*ALL[:5], *measure.CLOSED, *ALL[6:]]
