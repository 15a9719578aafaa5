"""Spaces of word vectors: trained, or taken from where they are published."""
