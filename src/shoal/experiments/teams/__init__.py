"""Teams of an experiment: what stands under ``team:`` in its file, and what is made of that."""
