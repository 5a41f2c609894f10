"""``shoal advise``: which team fits a task, as rules that are data."""
