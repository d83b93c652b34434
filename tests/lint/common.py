"""What the source checks share: which files there are, and how findings are reported."""
import pathlib
import subprocess
import sys

CODE_FOLDERS = ("src", "diagnostics", "recovery", "gui", "simulator", "tests")


def source_files(root, suffixes=(".h", ".cpp")):
    """The tracked and new files of ours with these endings, as paths relative to root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *CODE_FOLDERS],
        cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()
    return [pathlib.Path(name) for name in listed
            if name.endswith(suffixes) and (pathlib.Path(root) / name).is_file()]


def finish(findings, checked):
    for finding in findings:
        print(finding)
    print(f"{checked} file(s) checked, {len(findings)} finding(s)")
    if checked == 0:
        print("nothing was checked: this check is broken")
    sys.exit(1 if findings or checked == 0 else 0)
