#!/usr/bin/env python3
"""A file system that takes its time for each read: slow_files.py DIRECTORY MILLISECONDS.

It has hot.bin, and any number of cold files cold-N.bin. It ends, and is unmounted, by SIGTERM. What a program has read
the kernel keeps, as it does of a disk, and so with names and sizes.
"""

import errno
import os
import stat
import sys
import time

sys.dont_write_bytecode = True

from fusepy import FUSE, FuseOSError, Operations

import content

# Longer than any measurement.
HOUR = 3600


class Slow(Operations):
    """Reads are slow; names and sizes are not."""

    def __init__(self, delay):
        self.delay = delay

    def getattr(self, path, fh=None):
        times = dict.fromkeys(("st_atime", "st_mtime", "st_ctime"), 1_700_000_000)
        owner = {"st_uid": os.getuid(), "st_gid": os.getgid()}
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o755, "st_nlink": 2, **times, **owner}
        if (data := content.slow(path[1:])) is None:
            raise FuseOSError(errno.ENOENT)
        return {"st_mode": stat.S_IFREG | 0o644, "st_nlink": 1, "st_size": len(data), **times, **owner}

    def read(self, path, size, offset, fh):
        time.sleep(self.delay)
        return content.slow(path[1:])[offset : offset + size]


def main():
    place, delay = sys.argv[1], float(sys.argv[2]) / 1000
    keeps = {"kernel_cache": True, "attr_timeout": HOUR, "entry_timeout": HOUR}
    # As many reads at a time as a disk takes, not the dozen of the default.
    FUSE(Slow(delay), place, foreground=True, ro=True, max_background=64, fsname="slow", **keeps)


if __name__ == "__main__":
    main()
