#!/usr/bin/env python3
"""recovery-loop through the window: from the first sight to Normal, stable, data kept, in the virtual phone's
own verdict. Pictures are left in the build folder."""
import json
import pathlib
import sys

from window_driver import Display, Window

build = pathlib.Path(sys.argv[1])
folder = build / "gui-pictures" / "recovery-loop"
verdict = folder / "verdict.json"
verdict.unlink(missing_ok=True)
display = Display()
try:
    window = Window([str(build / "unbrick-rehearse"), "recovery-loop", "--verdict", str(verdict), "--", str(build / "unbrick-window")],
                    display, folder, patience=60)
    screen = window.wait("the phone", lambda s: any(i["id"] == "wrong/to-plans" and i["enabled"] for i in s["items"]), 60)
    assert any("Rehearsal" in text for text in screen["texts"]), "the rehearsal is not marked"
    window.picture("1-wrong")
    window.click("wrong/to-plans")
    window.picture("2-plans")
    window.click("rung/exit-recovery/start")
    window.wait("the job", lambda s: s["view"] in ("doing", "after"), 60)
    window.picture("3-doing")
    window.wait("the end", lambda s: s["view"] == "after", 240)
    window.picture("4-after")
    window.quit()
finally:
    display.close()
told = json.loads(verdict.read_text())
phone = told["phones"][0] if "phones" in told else told
print(json.dumps(phone)[:600])
assert phone["mode"] == "normal" and phone["stable"] and phone["user_data"] == "kept", phone
