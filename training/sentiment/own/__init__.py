"""Models of the user's own labelled texts: looked at, split, trained, measured and written."""
