#!/usr/bin/env python3
"""One whole restore by our own engine; the verdict is the virtual phone's.

usage: matrix.py BUILD_FOLDER GENERATION update|erase normal|recovery|dfu [--speed N] [--fault JSON]
"""
import argparse
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

PHONES = {
    "a8": {"product_type": "iPhone7,2", "board": "n61ap", "cpid": "0x7000", "bdid": "0x06", "ios_version": "12.5.7",
           "ios_build": "16H81", "ibss_is_dfu": True, "ap_nonce_size": 20},
    "a11": {"product_type": "iPhone10,6", "board": "d221ap", "cpid": "0x8015", "bdid": "0x0E", "ios_version": "13.7", "ios_build": "17H35"},
    "a12": {"product_type": "iPhone11,8", "board": "n841ap", "cpid": "0x8020", "bdid": "0x0C", "ios_version": "15.4.1", "ios_build": "19E258"},
    "a15": {"product_type": "iPhone14,5", "board": "d17ap", "cpid": "0x8110", "bdid": "0x0A", "ios_version": "18.1", "ios_build": "22B83"},
    "a16": {"product_type": "iPhone15,2", "board": "d73ap", "cpid": "0x8120", "bdid": "0x0C", "ios_version": "18.1", "ios_build": "22B83", "kis": True},
    "a18": {"product_type": "iPhone17,3", "board": "d47ap", "cpid": "0x8140", "bdid": "0x08", "ios_version": "18.3", "ios_build": "22D64", "kis": True},
    "a19": {"product_type": "iPhone18,3", "board": "v57ap", "cpid": "0x8150", "bdid": "0x08", "ios_version": "26.1", "ios_build": "23B85", "kis": True},
}


def scenario(generation, mode, fault):
    shown = PHONES[generation]
    start = "kis" if mode == "dfu" and shown.get("kis") else mode
    phone = {"name": "Matrix", "marketing_name": "iPhone", "ecid": "0x000A1B2C3D4E5F62", "serial": "F17VX0VIRT77",
             "imei": "353000000000020", "iboot_version": "iBoot-5540.1", "srtg": "iBoot-3332.0.0.1.23", "cable": "data",
             "battery": 80, "start": {"mode": start}, "boot_variables": {"auto-boot": "true" if mode == "normal" else "false"},
             "ios": {"paired": True}, "restore": {"faults": [fault] if fault else []}, **shown}
    return {"id": f"matrix-{generation}-{mode}", "title": "Matrix", "story": "For a test.", "phones": [phone],
            "person": {"rules": [{"when": {"kind": "consent"}, "answer": {"phrase": True}}]},
            "needs_restore": True,
            "expected": {"cause": "interrupted_restore", "action": "recovery_update_keep_data", "mode": "normal"}}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("generation", choices=sorted(PHONES))
    parser.add_argument("kind", choices=["update", "erase"])
    parser.add_argument("mode", choices=["normal", "recovery", "dfu"])
    parser.add_argument("--speed", default="60")
    parser.add_argument("--fault", type=json.loads)
    arguments = parser.parse_args()
    build = pathlib.Path(arguments.build).resolve()
    with tempfile.TemporaryDirectory(prefix="unbrick-matrix-") as name:
        folder = pathlib.Path(name)
        (folder / "scenario.json").write_text(json.dumps(scenario(arguments.generation, arguments.mode, arguments.fault)))
        environment = dict(os.environ, UNBRICK_STATE=str(folder / "state"), UNBRICK_CACHE=str(folder / "cache"),
                           UNBRICK_CONFIG=str(folder / "config"))
        script = (f'cp "$UNBRICK_REHEARSAL_FIRMWARE" made.ipsw && exec "{build}/unbrick" restore --firmware made.ipsw '
                  f'--{arguments.kind} --json')
        done = subprocess.run(
            [str(build / "unbrick-rehearse"), str(folder / "scenario.json"), "--speed", arguments.speed, "--verdict",
             str(folder / "verdict.json"), "--", "sh", "-c", script],
            cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=280)
        if not (folder / "verdict.json").exists():
            sys.exit(f"no verdict; exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        verdict = json.loads((folder / "verdict.json").read_text())
        wanted = {"mode": "normal", "stable": True, "user_data": "gone" if arguments.kind == "erase" else "kept"}
        problems = [f"{key}: {verdict.get(key)} instead of {value}" for key, value in wanted.items()
                    if verdict.get(key) != value]
        if done.returncode != 0:
            problems.append(f"unbrick ended with {done.returncode}")
        with zipfile.ZipFile(folder / "made.ipsw") as archive:
            image = next(n for n in archive.namelist() if n.startswith("078-10001-001.dmg"))
            digest = hashlib.sha256(archive.read(image)).hexdigest()
        if verdict["system"]["digest"] != digest:
            problems.append("the system image on the phone is not the firmware's")
        if verdict["violations"]:
            problems.append(f"violations: {verdict['violations']}")
        events = [json.loads(line) for line in done.stdout.splitlines()]   # every line is one JSON object
        if arguments.kind == "erase" and not any(e["event"] == "ask" and e["kind"] == "consent" for e in events):
            problems.append("erased without asking")
        if problems:
            print("\n".join(problems))
            print("---- unbrick's last events\n" + "\n".join(line[:300] for line in done.stdout.splitlines()[-12:]))
            print(done.stderr[-1500:])
            print("---- the phone's history\n" + "\n".join(str(h)[:220] for h in verdict["history"][-12:]))
            sys.exit(1)
        print(f"restored: {wanted}, {len(verdict['signing_requests'])} signing request(s), image {digest[:16]}")


main()
