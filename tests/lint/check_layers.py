#!/usr/bin/env python3
"""Keeps the arrows of docs/architecture.md: which part may include which.

The simulator may use src/base only: a misreading of the protocol must not agree with itself.
"""
import re
import sys

from common import finish, source_files

# part -> the parts that it may include (its own is implied)
BASE = {"src/base"}
LOW = BASE | {"src/knowledge"}
ALLOWED = {
    "src/base": set(),
    "src/knowledge": BASE,
    "src/device": LOW,
    "src/firmware": LOW,
    "diagnostics": LOW | {"src/device", "src/firmware"},
    # data types of diagnostics, never its engine
    "recovery": LOW | {"src/device", "src/firmware", "diagnostics/evidence.h", "diagnostics/diagnosis.h"},
    "src/core": LOW | {"src/device", "src/firmware", "diagnostics", "recovery"},
    "src/cli": LOW | {"src/core", "src/device/identity.h", "src/firmware", "diagnostics", "recovery"},
    "gui": LOW | {"src/core", "src/device/identity.h", "diagnostics/evidence.h", "diagnostics/diagnosis.h",
                  "recovery/plan.h"},
    "simulator": BASE,
    "src/programs": LOW | {"src/core", "src/cli", "gui", "simulator"},
}


def part_of(path):
    for part in sorted(ALLOWED, key=len, reverse=True):
        if path == part or path.startswith(part + "/"):
            return part
    return None


def main():
    root = sys.argv[1]
    findings, checked = [], 0
    for path in source_files(root):
        part = part_of(str(path))
        if part is None:
            continue  # tests may use everything
        checked += 1
        with open(f"{root}/{path}", encoding="utf-8") as source:
            for number, line in enumerate(source, 1):
                included = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
                if not included:
                    continue
                target = included.group(1)
                other = part_of(target)
                if other is None:
                    findings.append(f"{path}:{number}: \"{target}\" is not a path from the root")
                elif other != part and not any(
                        target == allowed or other == allowed for allowed in ALLOWED[part]):
                    findings.append(f"{path}:{number}: {part} may not include {target}")
    finish(findings, checked)


main()
