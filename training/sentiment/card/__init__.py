"""The model card of a sentiment model, and its plots."""
