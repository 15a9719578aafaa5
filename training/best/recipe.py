"""Everything that makes one training of the recipe ``best`` differ from another."""
