"""How an orchestrator chooses workers and divides work among them."""
