"""Peers, their channels, and what keeps them from talking for ever."""
