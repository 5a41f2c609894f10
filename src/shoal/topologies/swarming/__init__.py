"""A swarm's tasks on the board: items, claims, findings, the monitor."""
