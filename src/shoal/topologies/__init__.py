"""Topologies: agents wired into teams, one line a pattern. Each is loaded at its first use, see ``__init__.pyi``."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
