"""What can be tried without a key: an experiment (``shoal demo``) and an audit of source trees (``shoal audit``)."""
