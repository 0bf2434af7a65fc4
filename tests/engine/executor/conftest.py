"""What the tests of the executor share."""

from tests.containers import base_root, process, root

__all__ = ["base_root", "process", "root"]
