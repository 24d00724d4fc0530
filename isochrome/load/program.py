"""The program of the parser's process: from a file on standard input to a record, or a fault, on standard output."""

from __future__ import annotations

import gc
import json
import mmap
import resource
import sys

from isochrome.load.wire import WireError

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the cost of importing typing
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["main"]


def main(parse: Callable[[mmap.mmap], Any]) -> None:
    """Write what ``parse`` makes of the file on standard input, or the fault found, as JSON on standard output.

    The program's arguments: bytes of memory beside the mapped file, seconds of processor time, bytes of output.
    """
    memory, seconds, output = map(int, sys.argv[1:])
    gc.disable()  # nothing here makes cycles
    answer = ""
    try:
        with mmap.mmap(0, 0, access=mmap.ACCESS_READ) as data:
            _bound(memory + len(data), seconds)
            answer = json.dumps({"record": parse(data)}, separators=(",", ":"), check_circular=False)
        if len(answer) > output:
            raise WireError("must have a graph that is described in {} bytes; takes {}.", output, len(answer))
    except WireError as fault:
        answer = json.dumps({"fault": fault.text, "found": fault.found})
    except OSError:
        answer = json.dumps({"fault": "cannot be mapped into memory.", "found": []})
    except MemoryError:
        answer = ""
    if not answer:  # only here is what was read so far let go
        answer = json.dumps({"fault": "must have a graph that can be read in {} bytes of memory.", "found": [memory]})
    sys.stdout.write(answer)


def _bound(memory: int, seconds: int) -> None:
    for limit, amount in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(limit)[1]
        amount = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
        resource.setrlimit(limit, (amount, hard))
