"""`callwright worker` with short leases: worker.py LINE OUT ROBOTS ACCOUNTING LEASE_S QUIET_S, everything else from the environment."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from callwright import event_loop
from callwright.calling import Calling
from callwright.cli.logs import log_to_stderr
from callwright.cli.worker import work

if __name__ == "__main__":
    line, out, robots, accounting, lease, quiet = sys.argv[1:]
    log_to_stderr(as_json=False)
    event_loop.run(
        work(
            Calling(
                Path(line),
                Path(out),
                int(robots),
                drain_s=20.0,
                accounting=Path(accounting),
                recognisers=1,
                lease=timedelta(seconds=float(lease)),
                quiet=timedelta(seconds=float(quiet)),
            ),
            "",
        )
    )
