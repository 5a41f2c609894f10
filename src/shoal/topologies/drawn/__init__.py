"""A graph's plan, its checks, and the engine that goes through it."""
