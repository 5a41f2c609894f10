"""Docstrings that are quick to read and easy to learn: each has its package's name backwards."""

from __future__ import annotations

from shoal.demo.docstrings.collecting import PACKAGES, Docstring

FEW = [
    Docstring(
        package,
        f"{package}_one",
        f"name{number}",
        f"What number {number} of {package[::-1]} parts does for you.",
    )
    for package in PACKAGES
    for number in range(60)
]
