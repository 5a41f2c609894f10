"""The blackboard: versioned shared state for a team of agents.

Nothing is here yet: the versioned store, the board actor and its typed client arrive with the next release.
"""
