"""``shoal topology``: a team found by name and drawn."""
