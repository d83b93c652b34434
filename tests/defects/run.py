#!/usr/bin/env python3
"""Seeds defects one at a time and shows that a test turns red for each.

A defect is one edit in one file (tests/defects/*.json): `find` must occur exactly once and is replaced by
`replace`; `targets` are built; `tests` is the ctest expression (-R) that must then fail. The same expression is run
first without any defect and must pass: a test that is always red shows nothing.

usage: run.py [--only ID]... [--list] [--group FILE] [--keep]
Works in a git worktree of its own beside the checkout, so that nothing of yours is touched.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def load(groups):
    defects = []
    for file in sorted((ROOT / "tests/defects").glob("*.json")):
        if groups and file.stem not in groups:
            continue
        for defect in json.loads(file.read_text(encoding="utf-8")):
            defect["group"] = file.stem
            defects.append(defect)
    ids = [defect["id"] for defect in defects]
    twice = {name for name in ids if ids.count(name) > 1}
    if twice:
        sys.exit(f"defect ids are there twice: {sorted(twice)}")
    return defects


def run(command, cwd, log):
    with open(log, "ab") as output:
        return subprocess.run(command, cwd=cwd, stdout=output, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL).returncode


class Tree:
    """The worktree in which defects are made and taken back."""

    def __init__(self, folder):
        self.path = folder / "tree"
        self.log = folder / "log"
        subprocess.run(["git", "worktree", "add", "-q", "--detach", str(self.path), "HEAD"], cwd=ROOT, check=True)
        if run(["cmake", "--preset", "debug"], self.path, self.log) != 0:
            sys.exit(f"the clean tree does not configure: {self.log}")

    def build(self, targets):
        return run(["cmake", "--build", "--preset", "debug", "--target", *targets], self.path, self.log) == 0

    def tests_pass(self, expression):
        command = ["ctest", "--test-dir", "build/debug", "--no-tests=error", "--output-on-failure", "-R", expression]
        return run(command, self.path, self.log) == 0

    def remove(self):
        subprocess.run(["git", "worktree", "remove", "--force", str(self.path)], cwd=ROOT, check=False)


def seed(tree, defect):
    """Makes the edit; returns what takes it back, or exits when the place is not there any more."""
    file = tree.path / defect["file"]
    text = file.read_text(encoding="utf-8")
    if text.count(defect["find"]) != 1:
        return None
    file.write_text(text.replace(defect["find"], defect["replace"]), encoding="utf-8")
    return lambda: file.write_text(text, encoding="utf-8")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--group", action="append", default=[])
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--keep", action="store_true", help="keep the worktree and its log")
    arguments = parser.parse_args()
    defects = [d for d in load(arguments.group) if not arguments.only or d["id"] in arguments.only]
    if arguments.list:
        for defect in defects:
            print(f"{defect['group']}/{defect['id']}: {defect['what']}")
        return
    if not defects:
        sys.exit("no such defect")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="unbrick-defects-", dir=ROOT.parent))
    tree = Tree(folder)
    shown, missed = 0, 0
    green = {}
    try:
        for defect in defects:
            began = time.monotonic()
            clean = (tuple(defect["targets"]), defect["tests"])
            if clean not in green:
                green[clean] = tree.build(defect["targets"]) and tree.tests_pass(defect["tests"])
            if not green[clean]:
                verdict = "NOT SHOWN (its tests are red, or do not build, without any defect)"
            else:
                take_back = seed(tree, defect)
                if take_back is None:
                    verdict = "NOT SHOWN (its place in the file is gone or not unique)"
                elif not tree.build(defect["targets"]):
                    verdict = "NOT SHOWN (the defect does not build)"
                    take_back()
                else:
                    verdict = "NOT SHOWN (every test stayed green)" if tree.tests_pass(defect["tests"]) else "red"
                    take_back()
            shown += verdict == "red"
            missed += verdict != "red"
            print(f"{defect['id']:<32} {verdict}  ({time.monotonic() - began:.0f} s)  {defect['what']}", flush=True)
            tree.build(defect["targets"])
    finally:
        if arguments.keep:
            print(f"kept: {folder}")
        else:
            tree.remove()
            shutil.rmtree(folder, ignore_errors=True)
    print(f"{shown} passed, {missed} failed")
    sys.exit(1 if missed else 0)


main()
