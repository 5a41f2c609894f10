"""What keeps a run's traces from being exported.

::

    ExperimentError
    ├── OtelMissing     the extra ``otel`` is not installed
    └── ExportFailed    nobody took the spans at the endpoint
"""

from __future__ import annotations

from shoal.experiments.errors import ExperimentError
from shoal.runtime.errors import ConfigError


class OtelMissing(ExperimentError, ConfigError):
    """OpenTelemetry is not installed: ``pip install 'shoal[otel]'``."""


class ExportFailed(ExperimentError):
    """The collector did not take the spans. ``details``: ``endpoint``, ``sent`` (spans that it took before)."""
