#!/usr/bin/env python3
"""The shell scripts parse, and the package lists name each package once."""
import pathlib
import subprocess
import sys

from common import finish


def main():
    root = pathlib.Path(sys.argv[1])
    findings, checked = [], 0
    listed = subprocess.run(["git", "ls-files"], cwd=root, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        file = root / name
        if not file.is_file():
            continue
        with open(file, "rb") as source:
            first = source.readline()
        if not (first.startswith(b"#!") and b"sh" in first) and not name.endswith(".sh"):
            continue
        checked += 1
        parsed = subprocess.run(["bash", "-n", str(file)], capture_output=True, text=True)
        if parsed.returncode != 0:
            findings.append(f"{name}: {parsed.stderr.strip()}")
    seen = {}
    for file in sorted((root / "packaging").glob("packages-*.txt")):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            package = line.split("#")[0].strip()
            if package and package in seen:
                findings.append(f"{file.name}:{number}: {package} is also in {seen[package]}")
            if package:
                seen[package] = f"{file.name}:{number}"
    finish(findings, checked)


main()
