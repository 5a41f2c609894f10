"""Branches of a hierarchy: what goes down, what comes up, and what contradicts."""
