"""Measure the run of the recorded cases (tests/conformance), all in one session with a new store.

    python -m bench.conformance BASE.oci.tar [JOBS]

Needs root, and docker-registry. BASE is a Debian with python3; the tests keep theirs in the user's cache.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from bench.timing import report, timed
from tests.registries import running_registry

_REPOSITORY = Path(__file__).resolve().parent.parent
_JOBS = "4"


def main() -> int:
    """Measure and print; SystemExit when an answer is not Dagger's."""
    base = Path(sys.argv[1]).resolve()
    jobs = sys.argv[2] if sys.argv[2:] else _JOBS
    with tempfile.TemporaryDirectory(prefix="bench-conformance-") as name:
        folder = Path(name)
        with running_registry(folder / "registry") as registry:
            runner = ["tests/conformance/run.py", "--base", str(base), "--registry", registry.host, "--jobs", jobs]
            command = [sys.executable, "-m", "engine", "run", "-q", "--", sys.executable, *runner]
            took = timed(command, environ={"DJANGO_IMAGE_STATE": str(folder / "store")}, folder=_REPOSITORY)
    report(f"recorded cases, {jobs} at once", [took])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
