"""Language models: what is asked and answered, the models themselves, and calls that survive their failures."""
