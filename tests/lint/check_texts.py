#!/usr/bin/env python3
"""Every text key that code uses exists in English, and every language has the keys of English."""
import json
import pathlib
import re
import sys

from common import finish, source_files

USE = re.compile(r'(?:texts?_?(?:\(\))?(?:\.|->)get|\btr)\(\s*"([a-z0-9_.\-]+)"')


def read_texts(folder):
    texts = {}
    for file in sorted(folder.glob("*.json")):
        for key, value in json.loads(file.read_text(encoding="utf-8")).items():
            if key in texts:
                yield_duplicate.append(f"{file}: key {key} is there twice")
            texts[key] = (value, file)
    return texts


yield_duplicate = []


def main():
    root = pathlib.Path(sys.argv[1])
    english = read_texts(root / "knowledge/texts/en")
    findings, checked = list(yield_duplicate), 0
    for path in source_files(root):
        if str(path).startswith("tests/"):
            continue
        checked += 1
        text = (root / path).read_text(encoding="utf-8")
        for used in USE.finditer(text):
            key = used.group(1)
            # A key that is put together in code: at least one text begins like this.
            known = any(text.startswith(key) for text in english) if key.endswith(".") else key in english
            if not known:
                line = text.count("\n", 0, used.start()) + 1
                findings.append(f"{path}:{line}: no English text for \"{key}\"")
    names = re.compile(r"\{[a-z_]+\}")
    for folder in sorted((root / "knowledge/texts").iterdir()):
        if not folder.is_dir() or folder.name == "en":
            continue
        other = read_texts(folder)
        for key, (text, _) in english.items():
            if key not in other:
                findings.append(f"knowledge/texts/{folder.name}: no text for \"{key}\"")
            elif sorted(names.findall(text)) != sorted(names.findall(other[key][0])):
                findings.append(f"{other[key][1]}: \"{key}\" has other {{names}} than English")
        findings += [f"{file}: \"{key}\" is not in English" for key, (_, file) in other.items() if key not in english]
    finish(findings, checked)


main()
