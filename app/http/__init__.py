"""What every route needs of HTTP, whatever its domain: bodies, problems, middleware, pages, Uvicorn's protocol."""
