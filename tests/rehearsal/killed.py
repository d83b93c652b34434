#!/usr/bin/env python3
"""Kills `unbrick recover` (SIGKILL) again and again while it leads a phone out of recovery mode, and starts it again.

usage: killed.py BUILD_FOLDER SCENARIO_FILE ENTRIES

A run is killed as soon as it has put ENTRIES entries into the journal, at most five times; the next run is left alone.
The phone must end in Normal, stable and with its data, and journal and report must tell the whole story.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import rehearsal

KILLS = 5
LONGEST = 60           # host seconds for one run


def journal_size(state):
    return sum(path.read_bytes().count(b"\n") for path in state.glob("cases/*/journal.jsonl"))


def killed_runs(build, entries, folder):
    """What the world runs: it inherits the emulated bus and the folders."""
    state = pathlib.Path(os.environ["UNBRICK_STATE"])
    kills = 0
    while True:
        before = journal_size(state)
        deadline = time.monotonic() + LONGEST
        with open(folder / f"run{kills}", "wb") as output, subprocess.Popen([f"{build}/unbrick", "recover", "--json"], stdout=output) as run:
            while kills < KILLS and run.poll() is None and journal_size(state) < before + entries and time.monotonic() < deadline:
                try:
                    run.wait(0.005)
                except subprocess.TimeoutExpired:
                    continue
            if kills < KILLS and run.poll() is None:
                run.kill()
                kills += 1
                continue
            code = run.wait(LONGEST)
        (folder / "end").write_text(json.dumps({"kills": kills, "exit": code}))
        return


def main():
    build, scenario, entries = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if len(sys.argv) > 4:
        return killed_runs(build, entries, pathlib.Path(sys.argv[4]))
    with tempfile.TemporaryDirectory(prefix="unbrick-killed-") as name:
        folder = pathlib.Path(name)
        env = rehearsal.environment(folder)
        verdict_file = folder / "verdict.json"
        subprocess.run([f"{build}/unbrick-rehearse", scenario, "--speed", "60", "--verdict", str(verdict_file), "--",
                        sys.executable, __file__, build, scenario, str(entries), name],
                       env=env, stdin=subprocess.DEVNULL, timeout=110, check=False)
        end = json.loads((folder / "end").read_text())
        verdict = json.loads(verdict_file.read_text())
        told = "".join(path.read_text() for path in folder.glob("state/cases/*/journal.jsonl"))
        lines = [json.loads(line) for line in told.splitlines()]
        problems = []
        if end["kills"] == 0:
            problems.append("no run was killed")
        if end["exit"] != 0:
            problems.append(f"the last run ends with exit code {end['exit']}")
        for member, wanted in (("mode", "normal"), ("stable", True), ("user_data", "kept"), ("violations", [])):
            if verdict[member] != wanted:
                problems.append(f"the phone ends with {member} {verdict[member]!r}")
        if not any(line.get("entry") == "run" and "goes_on_for" in line for line in lines):
            problems.append("the journal does not say that a run goes on for a killed one")
        if not any(line.get("entry") == "end" and line.get("outcome") == "normal-stable" for line in lines):
            problems.append("the journal has no good end")
        # A run that was killed behind its last entry left nothing to go on with, and the next one found a healthy phone.
        ended = [path for path in folder.glob("state/cases/*/journal.jsonl") if '"normal-stable"' in path.read_text()]
        case = ended[0].parent.name if ended else "last"
        report = folder / "report.json"
        wrote = subprocess.run([f"{build}/unbrick", "report", "--case", case, "--out", str(report)], env=env, timeout=30,
                               capture_output=True, text=True, check=False)
        if wrote.returncode != 0 or "normal-stable" not in report.read_text():
            problems.append(f"the report does not tell the end: {wrote.stderr}")
        if verdict["ecid"][2:] in (report.read_text() if report.exists() else ""):
            problems.append("the report names the phone's ECID")
        for problem in problems:
            print(f"killed after {entries} entries, {end['kills']} times: {problem}")
        if problems:
            print(told[-3000:])
            sys.exit(1)
        print(f"killed {end['kills']} times after {entries} entries: recovered")


if __name__ == "__main__":
    main()
