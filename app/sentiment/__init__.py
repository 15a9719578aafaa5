"""Sentiment: text to ids, ids to a probability, and the routes that serve both."""
