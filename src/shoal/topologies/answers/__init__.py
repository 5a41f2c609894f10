"""One answer out of several: votes, merging, synthesis, and the front that gathers."""
