#!/usr/bin/env python3
"""Plays one rehearsal unattended and compares what the virtual phone says with what the scenario expects.

usage: rehearsal.py BUILD_FOLDER SCENARIOS_FOLDER ID [--speed N]

In the world run, one after the other, `unbrick diagnose --json` and `unbrick recover --json` (for each phone, where
there are several). Three things must agree with the scenario's `expected`: the diagnosis, the plans that were run, and
above all the verdict, which is the phone's own.
"""
import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

LONGEST = 100          # host seconds for one whole rehearsal
# What ends a run: 0 done, 4 a repair or another way is advised, 7 not reached (src/base/exit_code.h).
HONEST_EXITS = {0, 4, 7}


class Failed(Exception):
    pass


def require(holds, what):
    if not holds:
        raise Failed(what)


def environment(folder):
    env = dict(os.environ)
    for name in ("STATE", "CACHE", "CONFIG"):
        place = folder / name.lower()
        place.mkdir()
        env["UNBRICK_" + name] = str(place)
    env["LC_ALL"] = "C.UTF-8"
    return env


def events_of(path):
    """Standard output is events alone, one JSON object a line."""
    events = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            event = json.loads(line)
        except ValueError:
            raise Failed(f"{path.name}:{number} is no JSON: {line[:200]!r}") from None
        require(isinstance(event, dict) and isinstance(event.get("event"), str), f"{path.name}:{number} is no event")
        events.append(event)
    return events


def play(build, scenario, speed, folder):
    """Runs the world; returns per phone the diagnosis, the events and the exit code, and the verdict."""
    phones = scenario["phones"]
    lines = []
    for index, phone in enumerate(phones):
        named = f"--device {phone['ecid'][2:]}" if len(phones) > 1 else ""
        lines += [f'"{build}/unbrick" recover --json {named} >"{folder}/events{index}" 2>"{folder}/errors{index}"',
                  f'echo $? >"{folder}/exit{index}"']
    script = folder / "play.sh"
    script.write_text("\n".join(lines) + "\n", encoding="utf-8")
    command = [f"{build}/unbrick-rehearse", scenario["path"], "--speed", str(speed), "--verdict", str(folder / "verdict.json"),
               "--", "sh", str(script)]
    with subprocess.Popen(command, env=environment(folder), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, start_new_session=True) as world:
        try:
            said, _ = world.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            os.killpg(world.pid, signal.SIGKILL)
            raise Failed(f"did not end in {LONGEST} s") from None
    require((folder / "verdict.json").exists(), f"no verdict was written; the world said: {said[-500:]}")
    verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    runs = []
    for index in range(len(phones)):
        runs.append((events_of(folder / f"events{index}"), int((folder / f"exit{index}").read_text())))
    return runs, verdict.get("phones", [verdict])


def allowed(expected, name):
    """The expected cause or action, with those that count as well."""
    return {expected[name], *expected.get(f"also_{name}s", [])}


def check_events(expected, events, code):
    diagnoses = [event for event in events if event["event"] == "diagnosis"]
    plans = [event["plan"] for event in events if event["event"] == "plan"]
    results = [event for event in events if event["event"] == "result"]
    require(diagnoses and diagnoses[0]["hypotheses"], "no diagnosis was told")
    require(plans and results, "no plan was run to a result")
    cause = diagnoses[0]["hypotheses"][0]["cause"]
    require(cause in allowed(expected, "cause"), f"the first diagnosis puts {cause} first, not {expected['cause']}")
    actions = [plan["action"] for plan in plans]
    require(allowed(expected, "action") & set(actions), f"the plans run are {actions}, none is {expected['action']}")
    require(actions[0] in allowed(expected, "action"), f"the first plan is {actions[0]}, not {expected['action']}")
    require(all(plan["risk"] != "erases-data" for plan in plans), f"an erasing plan was run: {actions}")
    require(code in HONEST_EXITS, f"exit code {code}")
    require(code == results[-1]["exit"], f"exit code {code}, but the last result says {results[-1]['exit']}")
    if expected.get("stable") is False or expected["action"] in ("hardware_service", "data_recovery_first"):
        require(code != 0, "success was claimed for a phone that needs a repair")


def check_phone(scenario, given, expected, phone):
    for name in ("mode", "stable", "user_data", "activation", "paired"):
        if name in expected:
            require(phone.get(name) == expected[name], f"the phone ends with {name} {phone.get(name)!r}, not {expected[name]!r}")
    require(phone["violations"] == [], f"the phone counts violations: {phone['violations']}")
    require(phone["user_data_digest"] == "user-data", "the phone's data are not what they were")
    if expected.get("unchanged"):
        before = given.get("boot_variables", {"auto-boot": "true"})
        for name, value in before.items():
            require(phone["boot_variables"].get(name) == value, f"boot variable {name} was changed to {phone['boot_variables'].get(name)!r}")
        changing = [act for act in phone["acts"] if "reset" not in str(act) and "getenv" not in str(act)]
        require(phone["starts"] == 0, f"it was restarted {phone['starts']} times")
        require(not changing, f"{scenario['id']} must change nothing, but the phone was told: {changing}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("scenarios", type=pathlib.Path)
    parser.add_argument("id")
    parser.add_argument("--speed", type=float, default=120)
    arguments = parser.parse_args()
    path = arguments.scenarios / f"{arguments.id}.json"
    scenario = json.loads(path.read_text(encoding="utf-8"))
    scenario["path"] = str(path)
    expected = scenario["expected"]
    each = expected.get("phones", [expected])
    with tempfile.TemporaryDirectory(prefix="unbrick-rehearsal-") as name:
        folder = pathlib.Path(name)
        try:
            runs, verdicts = play(arguments.build, scenario, arguments.speed, folder)
            for given, wanted, (events, code), phone in zip(scenario["phones"], each, runs, verdicts, strict=True):
                check_phone(scenario, given, wanted, phone)
                check_events(wanted, events, code)
        except Failed as failure:
            print(f"{arguments.id}: {failure}")
            for file in sorted(folder.glob("e[vr]*[0-9]")):
                print(f"--- {file.name}\n" + "\n".join(line[:300] for line in file.read_text(encoding="utf-8").splitlines()[-15:]))
            sys.exit(1)
    print(f"{arguments.id}: ends as expected")


if __name__ == "__main__":
    main()
