"""The recipe ``best``: a small bidirectional LSTM, distilled from models that are too large or too slow to serve."""
