"""``python -m training sentiment --data FILE …``: a model of the user's own texts."""

import argparse
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from app.artifacts.manifest import MANIFEST
from app.artifacts.versions import is_version
from app.sentiment.classifier import KIND
from training.checkpoint import Checkpoint, identity
from training.commands import arguments
from training.commands.arguments import add_columns
from training.errors import TrainingError
from training.folders import ModelOutput, OutputError, require_writable, trained_by

if TYPE_CHECKING:
    from training.sentiment.own.folder import WrittenModel
    from training.sentiment.own.inspection import Inspected
    from training.sentiment.own.recipe import OwnRecipe

ADAPT: Final = "adapt"
DEFAULT_NAME: Final = f"{KIND}-mine"
_NAME: Final = re.compile(rf"{KIND}-[a-z0-9][a-z0-9.-]*")
_ARCHIVES: Final = (".tar.gz", ".tgz", ".tar")
_IMDB_ONLY: Final = ("corpora", "without", "sample")
_OWN_ONLY: Final = ("text", "label", "stars", "group", "test", "test_share", "base", "dry_run", "curve", "quote")


class OwnOptionError(TrainingError):
    """Options that do not go together."""


def add_options(command: argparse.ArgumentParser) -> None:
    """Declare the options for texts of the user's own."""
    group = command.add_argument_group("texts of your own")
    add_columns(group)
    group.add_argument(
        "--group", metavar="COLUMN", help="rows of one value, such as a customer's, stay on one side of every split"
    )
    group.add_argument(
        "--test", type=Path, nargs="+", metavar="FILE", help="files to test with; by default a share is held out"
    )
    group.add_argument(
        "--test-share", type=_share, metavar="SHARE", help="the share to hold out to test with (default: 0.2)"
    )
    group.add_argument(
        "--base",
        type=Path,
        metavar="DIR",
        help="the model folder that adapt goes on from (default: models/sentiment-best)",
    )
    group.add_argument("--dry-run", action="store_true", help="look at the rows, say what is found, and train nothing")
    group.add_argument(
        "--curve", action="store_true", help="train on 10 and 30 %% of the rows, too, and show what more rows bring"
    )
    group.add_argument(
        "--quote",
        action="store_true",
        help="let the card quote the texts of the worst errors; by default it names rows",
    )


def wanted(options: argparse.Namespace) -> bool:
    """Whether the options are about texts of the user's own.

    Raises:
        OwnOptionError: They are about both, or about neither.
    """
    paths: list[Path] = options.data or []
    if any(map(_is_of_imdb, paths)):
        if len(paths) > 1:
            raise OwnOptionError("--data takes one folder or archive of IMDb's reviews, or files of your own.")
        paths = []
    found = bool(paths)
    others = _given(options, _OWN_ONLY if not found else _IMDB_ONLY)
    if others and not found:
        raise OwnOptionError(f"{others[0]} is for texts of your own; name their files with --data FILE.")
    if others:
        raise OwnOptionError(f"{others[0]} is for the reviews of IMDb; leave it out with files of your own.")
    if not found and options.recipe == ADAPT:
        raise OwnOptionError("The recipe adapt is for texts of your own; name their files with --data FILE.")
    return found


def train(options: argparse.Namespace) -> None:
    """Look at the rows, train a model on them, measure it and write its folder."""
    recipe = _recipe(options)
    folder: Path = options.output or arguments.ROOT / "models" / DEFAULT_NAME
    name, version = _named(folder)
    output = ModelOutput(folder, KIND, name, versioned=is_version(folder.name))
    if not options.dry_run:
        _check(output)
        require_writable(options.checkpoints / name, "--checkpoints")
    base_folder: Path | None = None
    if recipe.name == ADAPT:
        base_folder = options.base or arguments.ROOT / "models" / "sentiment-best"
        if trained_by(base_folder) == "own" and options.test is None:
            raise OwnOptionError(
                f"{base_folder} was trained on texts of your own, and rows that it has seen would flatter what comes "
                "of it: name others with --test FILE."
            )
    inspected, read_files = _look(options, base_folder, name)
    if options.dry_run:
        return

    # Imported late: TensorFlow takes seconds.
    from training.sentiment.own import folder as folders
    from training.sentiment.own import network_base
    from training.sentiment.own import train as training

    base = None if base_folder is None else network_base.load(base_folder)
    seed = recipe.seed if options.seed is None else options.seed
    parted = training.sides(inspected, recipe, seed=seed)
    checkpoint = Checkpoint.of(options.checkpoints, name, _identity(recipe, read_files, seed, options))
    model = training.train(recipe, parted, base, seed=seed, checkpoint=checkpoint, curve=options.curve)
    with output.writing(checkpoint.folder):
        written = folders.write(
            model,
            parted,
            inspected,
            folder,
            name=name,
            version=version,
            base=None if base is None else base.manifest,
            quote=options.quote,
        )
    shutil.rmtree(checkpoint.folder, ignore_errors=True)
    sys.stdout.write(_said(written, folder))


def _recipe(options: argparse.Namespace) -> "OwnRecipe":
    from training.sentiment.own.recipe import RECIPES

    named = options.recipe or ADAPT
    if named not in RECIPES:
        raise OwnOptionError(f"The recipe {named} is not for texts of your own; there is {', '.join(RECIPES)}.")
    recipe = RECIPES[named]
    if options.base is not None and recipe.name != ADAPT:
        raise OwnOptionError(f"--base is for the recipe adapt; {recipe.name} starts from nothing.")
    if options.test is not None and options.test_share is not None:
        raise OwnOptionError("Give either --test FILE or --test-share, not both.")
    return recipe if options.test_share is None else replace(recipe, held_out=options.test_share)


def _check(output: ModelOutput) -> None:
    """Refuse a folder that cannot be written, or holds what this command did not write."""
    output.check()
    if output.versioned and (output.folder.parent / MANIFEST).is_file():
        raise OutputError(
            f"{output.folder.parent} is a model without versions, which a version in it would hide; move it away, or "
            "name another --output."
        )
    if trained_by(output.folder) not in (None, "own"):
        raise OutputError(
            f"{output.folder} holds a model that was not trained on texts of your own; name another --output, such as "
            f"models/{DEFAULT_NAME}."
        )


def _look(options: argparse.Namespace, base: Path | None, name: str) -> tuple["Inspected", list[str]]:
    """Read the rows and say what is found; return it with the checksums of what was read.

    Raises:
        OwnOptionError: Nothing can be trained on them.
    """
    # Imported late: pyarrow takes a moment.
    from app.artifacts.manifest import sha256
    from training.corpora import own
    from training.sentiment.own import inspection
    from training.sentiment.own.base import read_tokenizer

    tokenizer = None if base is None else read_tokenizer(base)[1]
    columns = arguments.columns(options, group=options.group, model=name)
    texts = own.read(options.data, columns)
    test = None if options.test is None else own.read(options.test, columns)
    checksums = [] if base is None else [sha256(base / MANIFEST)]
    for read in (texts, test):
        if read is not None:
            arguments.say_columns(read)
            checksums += [f"{'data' if read is texts else 'test'} {checksum}" for checksum in read.sha256]
    inspected = inspection.inspect(texts, test, tokenizer)
    sys.stdout.write(inspection.table(inspected))
    sys.stdout.flush()
    if inspected.fatal is not None:
        raise OwnOptionError(f"Nothing can be trained on these rows: {inspected.fatal.sentence.rstrip('.')}.")
    own.require_trainable(inspected.train.labels)
    return inspected, checksums


def _identity(recipe: Any, files: list[str], seed: int, options: argparse.Namespace) -> dict[str, Any]:
    """Say what a checkpoint is of: also of columns, by which the same files give other rows."""
    columns = {name: getattr(options, name) for name in ("text", "label", "stars", "group")}
    return {**identity(recipe, files, seed), "columns": columns}


def _said(written: "WrittenModel", folder: Path) -> str:
    test, linear, against = written.figures, written.linear, written.against_linear
    lines = [
        f"test accuracy {test.accuracy:.4f} ({test.interval[0]:.4f} to {test.interval[1]:.4f}), macro-F1 "
        f"{test.macro_f1:.4f}, log loss {test.log_loss:.4f}, on {test.rows:,} rows",
        f"linear model of word pairs on the same rows: accuracy {linear.accuracy:.4f}, macro-F1 {linear.macro_f1:.4f}; "
        f"difference {against.difference:+.4f} ({against.interval[0]:+.4f} to {against.interval[1]:+.4f})",
    ]
    if not written.beats_linear:
        lines.append("The network does not beat the linear model: for these rows, that is the better choice.")
    if written.against_base is not None:
        base = written.against_base
        lines.append(
            f"against the base as it was: {base.difference:+.4f} ({base.interval[0]:+.4f} to {base.interval[1]:+.4f})"
        )
    lines.append(
        f"ONNX against Keras: largest difference {written.parity.largest_difference:.1e}, "
        f"{written.parity.labels_that_differ} of {written.parity.texts:,} labels differ"
    )
    lines.append(f"wrote {folder}")
    return "\n".join(lines) + "\n"


def _named(folder: Path) -> tuple[str, str]:
    """Return the name and the version of the model of a folder ``sentiment-NAME``, or ``sentiment-NAME/1``."""
    versioned = is_version(folder.name)
    name = folder.parent.name if versioned else folder.name
    if not _NAME.fullmatch(name):
        raise OwnOptionError(
            f"--output should be a folder named {KIND}-…, in lower-case letters, digits, dots and hyphens, such as "
            f"models/{DEFAULT_NAME}, for the service to find it; {name!r} is not."
        )
    return name, folder.name if versioned else "1"


def _is_of_imdb(path: Path) -> bool:
    """Whether a path is, or was meant to be, a folder or an archive, which may be named without an ending."""
    return path.is_dir() or not path.suffix or path.name.lower().endswith(_ARCHIVES)


def _given(options: argparse.Namespace, names: tuple[str, ...]) -> list[str]:
    return [f"--{name.replace('_', '-')}" for name in names if getattr(options, name)]


def _share(text: str) -> float:
    share = float(text)
    if not 0 < share <= 0.5:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and at most 0.5")
    return share
