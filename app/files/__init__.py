"""Rows in, rows out: files with a text in each row, read and written piece by piece."""
