"""The experiment of ``shoal demo``: from which package of the standard library is a docstring?"""
