"""The experiment file: from its text to a checked :class:`~shoal.experiments.file.spec.Experiment`."""

from __future__ import annotations
