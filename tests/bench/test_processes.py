"""Process trees, of a parent that ends its child before itself, or that does not."""

import os
import select
import sys
import time
from pathlib import Path

import psutil
import pytest

from bench import processes
from bench.processes import Tree

CHILD = """
import pathlib, signal, sys, time

def go(*_):
    pathlib.Path("gone").touch()
    sys.exit()

signal.signal(signal.SIGTERM, go)
pathlib.Path("ready").touch()
time.sleep(60)
"""
PARENT = """
import signal, subprocess, sys

child = subprocess.Popen([sys.executable, "child.py"])
signal.signal(signal.SIGTERM, lambda *_: child.terminate())
child.wait()
"""
CARELESS = """
import subprocess, sys

subprocess.run([sys.executable, "child.py"])
"""


def test_processes_that_were_held_may_end_by_themselves(tmp_path: Path) -> None:
    (tmp_path / "child.py").write_text(CHILD)
    (tmp_path / "parent.py").write_text(PARENT)
    tree = Tree([sys.executable, "parent.py"], tmp_path / "log", folder=tmp_path)
    while not (tmp_path / "ready").exists():
        tree.check()
        time.sleep(0.01)
    tree.hold()
    tree.end()
    assert (tmp_path / "gone").exists(), tree.last_words()


def test_a_child_that_nobody_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "END_SECONDS", 0.1)
    (tmp_path / "child.py").write_text(CHILD)
    (tmp_path / "parent.py").write_text(CARELESS)
    tree = Tree([sys.executable, "parent.py"], tmp_path / "log", folder=tmp_path)
    while not (tmp_path / "ready").exists():
        tree.check()
        time.sleep(0.01)
    (child,) = psutil.Process(tree.pid).children()
    handle = os.pidfd_open(child.pid)
    tree.end()
    ended, _, _ = select.select([handle], [], [], 30)
    os.close(handle)
    assert ended
    assert not (tmp_path / "gone").exists()
