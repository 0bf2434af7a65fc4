"""Run the engine's command line: `python -m engine`."""

import sys

# Whatever PYTHONDONTWRITEBYTECODE says: compiled anew at each start, the engine would need three times as long for it.
sys.dont_write_bytecode = False

from engine.cli import main  # noqa: E402

sys.exit(main())
