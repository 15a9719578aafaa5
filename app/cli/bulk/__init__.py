"""Many files, on a local disk or in an object store, classified by a Ray cluster: a block of rows in, a part out."""
