"""One file for each topology: from its keys in an experiment file to its builder."""
