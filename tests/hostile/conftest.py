from tests.e2e.conftest import service, start

__all__ = ["service", "start"]
