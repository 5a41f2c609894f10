"""One file for each topology: its keys in an experiment file, and the builder that they are for."""
