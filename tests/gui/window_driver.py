"""Drives the real window under a display of its own: reads what is on the screen through the window's
control socket, and clicks and types as a person does, through xdotool."""
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time


class Display:
    """An Xvfb that picks its own free number."""

    def __init__(self, size="1280x800"):
        read, write = os.pipe()
        self.process = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", size + "x24", "-nolisten", "tcp"],
                                        pass_fds=[write], stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as number:
            self.name = ":" + number.readline().strip()

    def close(self):
        self.process.terminate()
        self.process.wait(10)


class Window:
    """`command` gets the window's words appended by the caller; `folder` keeps state, settings and pictures."""

    def __init__(self, command, display, folder, patience=30):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        sockets = tempfile.mkdtemp(prefix="ubw")
        self.path = sockets + "/s"
        self.environment = dict(os.environ, DISPLAY=display.name, UNBRICK_WINDOW_CONTROL=self.path,
                                UNBRICK_STATE=str(self.folder / "state"), UNBRICK_CONFIG=str(self.folder / "config"),
                                UNBRICK_CACHE=str(self.folder / "cache"))
        self.process = subprocess.Popen(command, env=self.environment)
        deadline = time.monotonic() + patience
        while True:
            try:
                self.socket = socket.socket(socket.AF_UNIX)
                self.socket.settimeout(20)
                self.socket.connect(self.path)
                break
            except OSError:
                self.socket.close()
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the window did not open (exit {self.process.poll()})")
                time.sleep(0.05)
        self.answers = self.socket.makefile("r")

    def ask(self, **request):
        self.socket.sendall((json.dumps(request) + "\n").encode())
        line = self.answers.readline()
        if not line:
            raise RuntimeError("the window has gone")
        return json.loads(line)

    def screen(self):
        return self.ask(dump=True)

    def wait(self, what, until, patience=30):
        deadline = time.monotonic() + patience
        while True:
            screen = self.screen()
            if until(screen):
                return screen
            if time.monotonic() > deadline:
                raise AssertionError(f"waited for {what}; view {screen['view']}, texts: {screen['texts']}")
            time.sleep(0.1)

    def item(self, wanted, patience=30):
        screen = self.wait(f"item {wanted}", lambda s: any(i["id"] == wanted and i["enabled"] for i in s["items"]), patience)
        return next(i for i in screen["items"] if i["id"] == wanted)

    def click(self, wanted, patience=30):
        self.item(wanted, patience)
        self.ask(reveal=wanted)
        self.screen()
        item = self.item(wanted)
        x, y = int(item["x"] + min(item["w"], 60) / 2), int(item["y"] + item["h"] / 2)
        subprocess.run(["xdotool", "mousemove", str(x), str(y)], env=self.environment, check=True)
        time.sleep(0.15)
        subprocess.run(["xdotool", "click", "1"], env=self.environment, check=True)
        time.sleep(0.15)

    def picture(self, name):
        path = self.folder / (name + ".png")
        self.ask(screenshot=str(path))
        return path

    def quit(self):
        try:
            self.ask(quit=True)
        except (OSError, RuntimeError):
            self.process.terminate()
        return self.process.wait(30)
