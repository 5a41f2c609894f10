"""How control passes from one agent to another."""
