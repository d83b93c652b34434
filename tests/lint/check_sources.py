#!/usr/bin/env python3
"""Small habits that reviews would otherwise have to repeat."""
import re
import sys

from common import finish, source_files

LONGEST_FILE = 800
FORBIDDEN = [
    (re.compile(r"\b(usleep|nanosleep|sleep_for|sleep_until)\s*\(|(?<![\w.>:])sleep\s*\("), "a sleep in place of an event"),
    (re.compile(r"\b(TODO|FIXME|XXX)\b"), "unfinished"),
    (re.compile(r"\bsystem\s*\(\s*[\"a-z]"), "a shell for a program of ours"),
    (re.compile(r"\bstd::(stoi|stol|stoul|stoll|stoull|stod|atoi|atof)\s*\("), "throws or depends on the locale: base/text.h"),
    (re.compile(r"\b(sprintf|strcpy|strcat|gets)\s*\("), "no bounds"),
    (re.compile(r"^\s*using namespace std;"), "using namespace std"),
    (re.compile(r"\.detach\(\)"), "a thread without an owner"),
]
# Reviewed exceptions: path -> why.
EXCEPTIONS = {}


def code_only(line):
    """The line without its // comment and the inside of its strings."""
    line = re.sub(r'"(\\.|[^"\\])*"', '""', line)
    return re.sub(r"//.*", "", line)


def main():
    root = sys.argv[1]
    findings, checked = [], 0
    for path in source_files(root):
        checked += 1
        with open(f"{root}/{path}", encoding="utf-8") as source:
            lines = source.read().splitlines()
        if len(lines) > LONGEST_FILE:
            findings.append(f"{path}: {len(lines)} lines; split it (at most {LONGEST_FILE})")
        if path.suffix == ".h" and "#pragma once" not in "\n".join(lines[:40]):
            findings.append(f"{path}: no #pragma once")
        for number, line in enumerate(lines, 1):
            for pattern, why in FORBIDDEN:
                text = line if why == "unfinished" else code_only(line)
                if pattern.search(text) and str(path) not in EXCEPTIONS:
                    findings.append(f"{path}:{number}: {why}: {line.strip()[:90]}")
    finish(findings, checked)


main()
