"""Drafts, objections and verdicts: what debates and acceptance are made of."""
