"""Classify texts: given, or lines of standard input, or a column of a CSV, JSON Lines or Parquet file."""

import argparse


class InputError(Exception):
    """The input cannot be read. The message is one sentence that says what and where."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("texts", nargs="*")


def run(arguments: argparse.Namespace) -> None:
    """Classify."""
