"""Contents that tests upload."""

from __future__ import annotations

PDF = b"%PDF-1.7 a short letter"
