"""Tools: what a model can have called, who may call what, and how a call is made."""
