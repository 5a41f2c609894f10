"""Benchmarks: each row's work done by shoal, by plain Ray and by hand-batched Ray, in turns in one run.

``shoal bench`` runs them; see ``catalogue.py`` for the rows and their bars, ``sides.py`` for the seam, and
``plain_ray`` for the baselines. The rows about the blackboard are in ``board_rows.py``, who does them in
``board_contestants.py``.
"""

from shoal.runtime.lazily import attach_stub

__getattr__, __dir__, __all__ = attach_stub(__name__, __file__)
