import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import httpx
import pytest
import uvicorn
from hypothesis import settings

from app.cli.serve import options
from app.main import create_app
from app.settings import Settings
from tests import toys

# How long an example takes says more of a shared machine than of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parent.parent

Serve = Callable[..., httpx.Client]


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `sentiment-tiny`, the space `toy` and the forecasts `tiny` and `tiny-each-day`, trained here."""
    folder = tmp_path_factory.mktemp("models")
    toys.write_model(folder / "sentiment-tiny", folder.parent / "checkpoint")
    toys.write_space(folder / "vectors-toy")
    toys.write_forecasts(folder)
    return folder


@pytest.fixture(scope="session")
def labelled_models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `sentiment-three` and `sentiment-five`, of so many labels, trained here."""
    folder = tmp_path_factory.mktemp("labelled-models")
    toys.write_labelled_model(folder / "sentiment-three", toys.THREE_LABELS)
    toys.write_labelled_model(folder / "sentiment-five", toys.FIVE_LABELS)
    return folder


@pytest.fixture(scope="session")
def window_models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `sentiment-windows`, which reads texts in windows, of random weights."""
    folder = tmp_path_factory.mktemp("window-models")
    toys.write_window_model(folder / "sentiment-windows")
    return folder


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of the real IMDb reviews, where this machine has it."""
    folder = ROOT.parent / "shared" / "imdb"
    if not (folder / "train.parquet").is_file():
        pytest.skip("the real IMDb reviews are not on this machine")
    return folder


@pytest.fixture(scope="session")
def serve(models_dir: Path) -> Iterator[Serve]:
    """Start the app on a port of its own, with the tiny model and the given settings; return a client of it."""
    with contextlib.ExitStack() as stack:

        def start(**settings: object) -> httpx.Client:
            values = {"models_dir": models_dir, "default_model": "sentiment-tiny", "port": 0, **settings}
            url = stack.enter_context(running(Settings.model_validate(values)))
            return stack.enter_context(httpx.Client(base_url=url, timeout=30))

        yield start


@pytest.fixture(scope="session")
def client(serve: Serve) -> httpx.Client:
    """A client of the app with the tiny model and default settings."""
    return serve()


@contextlib.contextmanager
def running(settings: Settings) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(create_app(settings), **options(settings)))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the app did not start"
            thread.join(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
