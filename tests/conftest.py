import contextlib
import fcntl
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import httpx
import pytest
import uvicorn
from hypothesis import settings

from app.cli.serve import options
from app.loaded import Loaded
from app.main import create_app
from app.settings import Settings

# How long an example takes says more of a shared machine than of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parent.parent

# So are the five seconds that httpx waits by default; whoever is not answered at all is told a minute later.
for limit in ("connect", "read", "write", "pool"):
    setattr(httpx._config.DEFAULT_TIMEOUT_CONFIG, limit, 60.0)

Serve = Callable[..., httpx.Client]


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that is made once, whichever of the processes that test wants it first; not to be changed."""
    base = factory.getbasetemp()
    above = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = above / name
    with (above / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            part = above / f"{name}.part"
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            make(part)
            part.rename(folder)
    return folder


@pytest.fixture(scope="session")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `sentiment-tiny`, the space `toy` and the forecasts `tiny` and `tiny-each-day`, trained here."""

    def make(folder: Path) -> None:
        from tests import toys

        checkpoints = tmp_path_factory.mktemp("checkpoints")
        toys.write_model(folder / "sentiment-tiny", checkpoints / "sentiment")
        toys.write_space(folder / "vectors-toy")
        toys.write_forecasts(folder, checkpoints)

    return made_once(tmp_path_factory, "models", make)


@pytest.fixture(scope="session")
def labelled_models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `sentiment-three` and `sentiment-five`, of so many labels, trained here."""

    def make(folder: Path) -> None:
        from tests import toys

        toys.write_labelled_model(folder / "sentiment-three", toys.THREE_LABELS)
        toys.write_labelled_model(folder / "sentiment-five", toys.FIVE_LABELS)

    return made_once(tmp_path_factory, "labelled-models", make)


@pytest.fixture(scope="session")
def window_models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `sentiment-windows`, which reads texts in windows, of random weights."""

    def make(folder: Path) -> None:
        from tests import toys

        toys.write_window_model(folder / "sentiment-windows")

    return made_once(tmp_path_factory, "window-models", make)


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
            return stack.enter_context(httpx.Client(base_url=url, timeout=60))

        yield start


@pytest.fixture(scope="session")
def client(serve: Serve) -> httpx.Client:
    """A client of the app with the tiny model and default settings."""
    return serve()


@contextlib.contextmanager
def running(settings: Settings, loaded: Loaded | None = None) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(create_app(settings, loaded), **options(settings)))
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
