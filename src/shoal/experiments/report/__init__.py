"""A run, or several, as one HTML file that needs no network: ``shoal report``."""

from __future__ import annotations
