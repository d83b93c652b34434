#!/usr/bin/env python3
"""How much of the diagnosis rests on single cases.

usage: generalise.py PATH_TO_UNBRICK CASE_DIR [--groups N]

Rules name their sources; "case:001" stands for one case of CASE_DIR. Each group of cases is judged with every rule
left out that no source but that group supports. Rules that only one case ever used (here they apply to no other
case) are listed. Cases are dealt to groups by number, so the groups do not change from run to run.
"""
import argparse, glob, json, os, subprocess, sys, tempfile

SAME = {"host_software_outdated", "tool_bug"}


def diagnose(program, case, left_out):
    with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as file:
        file.write(case["evidence"])
    about = case.get("device") or "device not known"
    about = about if isinstance(about, str) else json.dumps(about)
    command = [program, "diagnose", "--evidence", file.name, "--about", f"{about}, seen on {case.get('date', '')}", "--json"]
    for rule in left_out:
        command += ["--leave-out", rule]
    out = subprocess.run(command, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
    os.unlink(file.name)
    return json.loads(out.stdout)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("program")
    options.add_argument("cases")
    options.add_argument("--groups", type=int, default=5)
    options = options.parse_args()
    knowledge = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../knowledge/rules")
    rules = [rule for path in sorted(glob.glob(knowledge + "/*.json")) for rule in json.load(open(path))["rules"]]
    cases = [json.load(open(path)) for path in sorted(glob.glob(options.cases + "/*.json"))]
    if not cases:
        sys.exit("no cases in " + options.cases)
    used, totals = {}, [0, 0, 0, 0]
    for group in range(options.groups):
        members = [case for index, case in enumerate(cases) if index % options.groups == group]
        numbers = {"case:" + case["id"][:3] for case in members}
        left_out = [rule["id"] for rule in rules if rule["sources"] and set(rule["sources"]) <= numbers]
        count, first, three, plan = 0, 0, 0, 0
        for case in members:
            for with_all in (True, False):
                got = diagnose(options.program, case, [] if with_all else left_out)
                if with_all:
                    for hypothesis in got["hypotheses"]:
                        for item in hypothesis["for"] + hypothesis["against"]:
                            used.setdefault(item["rule"], set()).add(case["id"][:3])
            want = {case["root_cause"], *(case.get("accept_root_cause") or [])}
            want |= SAME if want & SAME else set()
            plans = {case["recommended_plan"], *(case.get("accept_plan") or [])}
            causes = [hypothesis["cause"] for hypothesis in got["hypotheses"]]
            count += 1
            first += causes[0] in want
            three += any(cause in want for cause in causes[:3])
            plan += got["plan"]["action"] in plans
        totals = [a + b for a, b in zip(totals, (count, first, three, plan))]
        print(f"group {group}: {len(left_out)} rules left out ({', '.join(left_out) or 'none'}); cause first {first}/{count}, in first three {three}/{count}, plan {plan}/{count}")
    print(f"all: cause first {totals[1]}/{totals[0]} = {totals[1]/totals[0]:.0%}, in first three {totals[2]/totals[0]:.0%}, plan {totals[3]/totals[0]:.0%}")
    single = sorted(rule for rule, seen in used.items() if len(seen) == 1)
    print(f"{len(rules)} rules; {len([r for r in rules if r['id'] not in used])} applied with a weight to no case here; {len(single)} entries applied to one case only:")
    for rule in single:
        print(f"  {rule} (case {next(iter(used[rule]))})")


main()
