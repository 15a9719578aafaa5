"""The recipe ``best``: a small bidirectional LSTM, taught by teachers that are too large or too slow to serve."""
