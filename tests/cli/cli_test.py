#!/usr/bin/env python3
"""The command line as scripts see it.

usage: cli_test.py BUILD_FOLDER CASE       One case; prints what was wrong and exits 1 on any mistake.
       cli_test.py BUILD_FOLDER --kill WHEN  Run inside a rehearsal: ends unbrick by SIGKILL as soon as its output holds
                                             WHEN, starts it again, and exits with the second one's code.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

BUILD = pathlib.Path(sys.argv[1])
UNBRICK = str(BUILD / "unbrick")
mistakes = []


def check(condition, what):
    if not condition:
        mistakes.append(what)


def run(*arguments, state, stdin="", timeout=120):
    environment = dict(os.environ, UNBRICK_STATE=state, UNBRICK_CACHE=state + "/cache", UNBRICK_CONFIG=state + "/config")
    return subprocess.run([UNBRICK, *arguments], input=stdin, env=environment, capture_output=True, text=True, timeout=timeout)


def rehearse(scenario, *command, state):
    verdict = state + "/verdict.json"
    done = run("rehearse", scenario, "--verdict", verdict, "--", *command, state=state)
    return done, json.loads(pathlib.Path(verdict).read_text())


def codes(state):
    check(run("--help", state=state).returncode == 0, "--help")
    check(run("no-such-command", state=state).returncode == 2, "an unknown command is no usage error")
    check(run("link", "--seconds", "0", state=state).returncode == 2, "a span of 0 s is accepted")
    check(run("report", "--case", "../../etc", state=state).returncode == 2, "a case outside of the folder")
    check(run("report", state=state).returncode == 1, "a report without any case")
    check(run("watch-log", "/does/not/exist", state=state).returncode != 0, "a log that is not there")
    check(run("devices", "--knowledge", "/does/not/exist", state=state).returncode == 2, "a knowledge folder that is not there")
    done, _ = rehearse("healthy", UNBRICK, "recover", "--plan", "no-such-plan", state=state)
    check(done.returncode == 2, f"an unknown plan: {done.returncode}")
    done, _ = rehearse("healthy", UNBRICK, "exit-recovery", "--json", state=state)
    check(done.returncode == 1 and '"wrong-mode"' in done.stdout, f"a plan that cannot begin in this mode: {done.returncode}")


def json_only(state):
    done, verdict = rehearse("recovery-loop", UNBRICK, "recover", "--json", state=state)
    check(done.returncode == 0, f"recover ended with {done.returncode}: {done.stderr}")
    kinds = []
    for line in done.stdout.splitlines():
        try:
            kinds.append(json.loads(line)["event"])
        except (ValueError, KeyError):
            check(False, f"no event: {line!r}")
    check("plan" in kinds and kinds[-1:] == ["result"], f"events: {kinds}")
    check(verdict["mode"] == "normal" and verdict["stable"] and verdict["user_data"] == "kept", f"verdict: {verdict['mode']}")


def killed_and_continued(state):
    for when in ('"step":"set-auto-boot","state":"running"', '"step":"restart","state":"running"', "stays up"):
        with tempfile.TemporaryDirectory() as own:
            done, verdict = rehearse("recovery-loop", sys.executable, os.path.abspath(__file__), str(BUILD), "--kill", when, state=own)
            check(done.returncode == 0, f"killed at {when}: {done.returncode}\n{done.stdout[-800:]}\n{done.stderr[-800:]}")
            check(verdict["mode"] == "normal" and verdict["stable"] and verdict["user_data"] == "kept", f"killed at {when}: {verdict['mode']}")
            story = run("report", "--case", "last", state=own)
            check("Gone on with after an interruption" in story.stdout, f"killed at {when}: the report does not tell it")
            check(len(list(pathlib.Path(own, "cases").iterdir())) == 1, "going on began a new case")


def kill(when):
    first = subprocess.Popen([UNBRICK, "recover", "--json"], stdout=subprocess.PIPE, text=True)
    for line in first.stdout:
        if when in line:
            break
    first.kill()
    first.wait()
    return subprocess.run([UNBRICK, "recover", "--json"]).returncode


def report_hides(state):
    _, verdict = rehearse("recovery-loop", UNBRICK, "recover", "--json", state=state)
    ecid = verdict["ecid"].removeprefix("0x").upper()
    for kind in ("html", "json", "zip"):
        out = f"{state}/report.{kind}"
        check(run("report", "--case", "last", "--out", out, state=state).returncode == 0, f"no {kind} report")
        parts = [pathlib.Path(out).read_bytes()] if kind != "zip" else [zipfile.ZipFile(out).read(n) for n in zipfile.ZipFile(out).namelist()]
        for part in parts:
            check(ecid.encode() not in part.upper(), f"the ECID is in the {kind} report")
    shown = run("report", "--case", "last", "--show-identifiers", state=state)
    check(ecid in shown.stdout.upper(), "--show-identifiers hides the ECID")


def main():
    if sys.argv[2] == "--kill":
        sys.exit(kill(sys.argv[3]))
    with tempfile.TemporaryDirectory() as state:
        globals()[sys.argv[2]](state)
    for mistake in mistakes:
        print(mistake)
    sys.exit(1 if mistakes else 0)


main()
