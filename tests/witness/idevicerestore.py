#!/usr/bin/env python3
"""Restores a virtual phone with Debian's unmodified idevicerestore and checks what the phone says of it.

usage: idevicerestore.py REHEARSE GENERATION erase|update normal|recovery|dfu [--speed N] [--keep]
The verdict is the virtual phone's: finished, system image equal to the firmware's, user data kept or gone as promised.
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
           "ios_build": "16H81", "ibss_is_dfu": True, "ap_nonce_size": 20, "srtg": "iBoot-1992.0.0.1.19"},
    "a11": {"product_type": "iPhone10,6", "board": "d221ap", "cpid": "0x8015", "bdid": "0x0E", "ios_version": "13.7",
            "ios_build": "17H35", "srtg": "iBoot-3332.0.0.1.23"},
}
ECID = 0x000A1B2C3D4E5F61


def scenario(generation, mode):
    phone = {"name": "Witness", "marketing_name": "iPhone", "ecid": f"0x{ECID:016X}", "serial": "F17VX0VIRT99",
             "imei": "353000000000020", "iboot_version": "iBoot-5540.1", "cable": "data", "battery": 64,
             "start": {"mode": mode}, "boot_variables": {"auto-boot": "true" if mode == "normal" else "false"},
             "passcode_set": False,
             # 1.0.0 opens a phone twice when the nonce changed, which a kernel refuses, and sends `go` without a pause.
             "nonce_changes_across_ibss": False, "settle": {"before_go_in_ibss": 0},
             "ios": {"paired": True}, **PHONES[generation]}
    return {"id": f"witness-{generation}-{mode}", "title": "For a witness", "story": "For a witness.", "phones": [phone],
            # 1.0.0 dies on a bus with hubs (virtual-phone.md 1.6) and does not see a daemon that starts later.
            "host": {"hubs": 0, "usbmuxd": "running"}, "needs_restore": True,
            "expected": {"cause": "interrupted_restore", "action": "recovery_erase_restore", "mode": "normal"}}


def image_digest(ipsw):
    with zipfile.ZipFile(ipsw) as archive:
        name = next(n for n in archive.namelist() if n.startswith("078-10001-001.dmg"))
        return hashlib.sha256(archive.read(name)).hexdigest()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("rehearse")
    parser.add_argument("generation", choices=sorted(PHONES))
    parser.add_argument("kind", choices=["erase", "update"])
    parser.add_argument("mode", choices=["normal", "recovery", "dfu"])
    parser.add_argument("--speed", default="30")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="unbrick-witness-") as name:
        folder = pathlib.Path(name)
        (folder / "scenario.json").write_text(json.dumps(scenario(arguments.generation, arguments.mode)))
        erase = "-e" if arguments.kind == "erase" else ""
        script = (f'cp "$UNBRICK_REHEARSAL_FIRMWARE" made.ipsw && exec idevicerestore {erase} -y -d -i 0x{ECID:016X} '
                  f'-C "{folder}" made.ipsw > log 2>&1')
        done = subprocess.run(
            [os.path.abspath(arguments.rehearse), str(folder / "scenario.json"), "--speed", arguments.speed, "--verdict",
             str(folder / "verdict.json"), "--", "sh", "-c", script],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=280)
        log = (folder / "log").read_text(errors="replace") if (folder / "log").exists() else ""
        if not (folder / "verdict.json").exists():
            sys.exit(f"no verdict; exit {done.returncode}\n{done.stdout[-2000:]}\n{log[-2000:]}")
        verdict = json.loads((folder / "verdict.json").read_text())
        wanted = {"mode": "normal", "user_data": "gone" if arguments.kind == "erase" else "kept"}
        problems = [f"{key}: {verdict.get(key)} instead of {value}" for key, value in wanted.items()
                    if verdict.get(key) != value]
        if done.returncode != 0:
            problems.append(f"idevicerestore ended with {done.returncode}")
        if "DONE" not in log:
            problems.append("idevicerestore did not say that it is done")
        if verdict["system"]["digest"] != image_digest(folder / "made.ipsw"):
            problems.append("the system image on the phone is not the firmware's")
        if verdict["violations"]:
            problems.append(f"violations: {verdict['violations']}")
        if problems:
            print("\n".join(problems))
            print("\n".join(line for line in log.splitlines() if line.startswith("ERROR"))[-1500:])
            print("---- the last words of idevicerestore\n" + "\n".join(log.splitlines()[-25:]))
            print("---- the phone's history\n" + "\n".join(map(str, verdict["history"][-15:])))
            sys.exit(1)
        print(f"restored: {wanted}, {len(verdict['signing_requests'])} signing request(s), image {verdict['system']['digest'][:16]}")


main()
