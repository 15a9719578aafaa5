"""What is run while the code is written, and by nobody who uses it."""
