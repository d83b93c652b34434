#!/usr/bin/env python3
"""Every view with drawn snapshots: it renders, no text is cut, in English, and the main ones in German and at 200 %; the picture is not blank; a click by id opens another view; without a display the exit code says so."""
import os
import pathlib
import subprocess
import sys
import tempfile

from window_driver import Display, Window

build = pathlib.Path(sys.argv[1])
program = str(build / "unbrick-window")
folder = build / "gui-pictures" / "views"
# The demos and views, one start each.
CASES = [("empty", None), ("loop", "wrong"), ("loop", "plans"), ("restoring", "doing"), ("consent", "doing"), ("coach", "doing"),
         ("back", "after"), ("failed", "after"), ("hidden", "wrong"), ("log-file", "log-file"), ("loop", "settings"), ("loop", "support"),
         ("loop", "knowledge"), ("loop", "cases"), ("empty", "no-phone"), ("four", "wrong")]
findings = []
NO_DISPLAY = 9
bare = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
with tempfile.TemporaryDirectory() as temporary:
    bare["UNBRICK_STATE"] = bare["UNBRICK_CONFIG"] = temporary
    if subprocess.run([program], env=bare, stderr=subprocess.DEVNULL).returncode != NO_DISPLAY:
        findings.append("without a display the exit code is not 9")
for size, scale, languages in (("1280x800", "1", ("en", "de")), ("2560x1600", "2", ("en",))):
    display = Display(size)
    try:
        for language in languages:
            for demo, view in CASES if (language, scale) == ("en", "1") else CASES[1:4]:
                name = f"{demo}-{view or 'start'}-{language}-{scale}"
                words = [program, "--demo", demo, "--scale", scale, "--language", language, "--width", size.split("x")[0], "--height", size.split("x")[1]]
                window = Window(words + (["--view", view] if view else []), display, folder)
                window.screen()
                screen = window.screen()
                if not screen["texts"]:
                    findings.append(f"{name}: nothing is written")
                findings += [f"{name}: cut: {each['text']}" for each in screen["overflow"]]
                if language == "en":
                    if window.picture(name).stat().st_size < 20000:
                        findings.append(f"{name}: the picture is blank")
                if name == "loop-wrong-en-1":
                    window.click("nav/settings")
                    if window.screen()["view"] != "settings":
                        findings.append("a click on Settings does not open it")
                if window.quit() != 0:
                    findings.append(f"{name}: the window did not end well")
    finally:
        display.close()
print("\n".join(findings) or "all views are well")
sys.exit(1 if findings else 0)
