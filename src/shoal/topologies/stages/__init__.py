"""How items go through a pipeline."""
