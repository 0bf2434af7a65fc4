"""Run the pipelines as `python -m pipelines`."""

from __future__ import annotations

import sys

# Whatever PYTHONDONTWRITEBYTECODE says: compiled anew at each start, the SDK would need twice as long for it.
sys.dont_write_bytecode = False

from pipelines.cli import main  # noqa: E402

sys.exit(main(sys.argv[1:]))
