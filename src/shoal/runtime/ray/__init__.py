"""The Ray host: hosts as Ray actors, links over Ray calls, and the cluster they form. Only these modules import ray."""
