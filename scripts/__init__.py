"""Scripts for those who change the code; none is part of the package."""
