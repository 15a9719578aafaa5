"""The service: text in, sentiment out, over HTTP and on the command line."""
