"""Scoring: how right an answer is, from 0 to 1."""

from __future__ import annotations
