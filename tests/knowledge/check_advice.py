#!/usr/bin/env python3
"""Every row of docs/advice-met.md is met by something that exists, and every claim of an article is a row."""
import json
import pathlib
import re
import sys

ROWS_AT_LEAST = 19   # the table of advice that the project was given


def ids_of(knowledge):
    def listed(name):
        return {entry["id"] for entry in json.loads((knowledge / f"{name}.json").read_text(encoding="utf-8"))[name]}

    def files(folder):
        return {file.stem for file in (knowledge / folder).glob("*.json")}

    rules = {rule["id"] for file in (knowledge / "rules").glob("*.json")
             for rule in json.loads(file.read_text(encoding="utf-8")).get("rules", []) if "id" in rule}
    return {"article": files("articles"), "plan": files("plans"), "symptom": listed("symptoms"),
            "cause": listed("causes"), "action": listed("actions"), "rule": rules}


def main():
    root = pathlib.Path(sys.argv[1])
    known = ids_of(root / "knowledge")
    findings, rows = [], set()
    for line in (root / "docs/advice-met.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) != 4 or cells[0] in ("row", "---"):
            continue
        rows.add(cells[0])
        met = re.findall(r"\b([a-z]+):([A-Za-z0-9_-]+)", cells[3])
        if not met:
            findings.append(f"{cells[0]}: is met by nothing")
        for kind, name in met:
            if name not in known.get(kind, set()):
                findings.append(f"{cells[0]}: there is no {kind} \"{name}\"")
    if len(rows) < ROWS_AT_LEAST:
        findings.append(f"only {len(rows)} rows; there were {ROWS_AT_LEAST}")
    for article in sorted((root / "knowledge/articles").glob("*.json")):
        for row in json.loads(article.read_text(encoding="utf-8")).get("meets", []):
            if row not in rows:
                findings.append(f"{article.name}: claims the row \"{row}\", which is not in the table")
    print(*findings, sep="\n")
    print(f"{len(rows)} row(s), {len(findings)} finding(s)")
    sys.exit(1 if findings else 0)


main()
