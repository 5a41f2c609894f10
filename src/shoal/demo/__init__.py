"""The main job: a team of agents audits a Python source tree (``shoal demo``)."""
