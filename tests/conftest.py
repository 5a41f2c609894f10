"""Settings that every test runs under."""

from __future__ import annotations

from hypothesis import settings

# No deadline: a shared machine's pauses are not a defect of the code under test.
settings.register_profile("shoal", deadline=None, print_blob=True)
settings.load_profile("shoal")
