"""Sentiment models: reviews in, model folders out."""
