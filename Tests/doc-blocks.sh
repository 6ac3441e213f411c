#!/usr/bin/env bash
# Runs what the pages of the documentation show.
#
#   Tests/doc-blocks.sh EVSIM FILE.md…
#
# Each page has a scratch directory of its own. In it, from top to bottom:
#   ```yaml with the key scenario:   is run and must exit 0
#   ```yaml with the key plugin:     is validated and must exit 0
#   ```yaml with # FRAGMENT          is part of a file and not run
#   ```sh with # RUN as first line   is run with bash, evsim in PATH, and must exit 0; without it, it is not run
#   ``` right behind such a block     is what it writes: each line must be there; lines with … or a speed are left out
# Comments at the beginning of a block say more: `# FILE: name.yaml` keeps the block under that name for the blocks below it, and
# `# EXIT: 1` is the exit code wanted instead of 0, of the last command of the block. One line is printed for each block that fails; the last line counts all.
set -uo pipefail
if [ $# -lt 2 ]; then echo "usage: $0 EVSIM FILE.md…" >&2; exit 2; fi
# Plugins of this copy, unless the caller has others.
export EVSIM_PLUGINS=${EVSIM_PLUGINS:-$(cd "$(dirname "$0")/.." && pwd)/plugins}
exec python3 -B - "$@" <<'PYTHON'
import os, re, shutil, subprocess, sys, tempfile

def blocks(path):
    """The fenced blocks of a page: number of the first line in the fence, language, lines."""
    fence = None
    with open(path, encoding="utf-8") as page:
        for number, line in enumerate(page, 1):
            line = line.rstrip("\n")
            mark = re.match(r"( *)(`{3,}|~{3,})\s*([\w-]*)", line)
            if fence is None:
                if mark:
                    fence, indent, language, start, body = mark.group(2), len(mark.group(1)), mark.group(3), number + 1, []
            elif line.strip() == fence:
                fence = None
                yield start, language, body
            else:
                body.append(line[min(indent, len(line) - len(line.lstrip())):])
    if fence is not None:
        yield start, "unclosed", body

def markers(body):
    """The words of the comments before the first other line: FILE, EXIT, RUN, FRAGMENT."""
    found = {}
    for line in body:
        if not line.startswith("#"):
            break
        mark = re.match(r"# *(FILE|EXIT): *(\S+) *$|# *(RUN|FRAGMENT)\b", line)
        if mark:
            found[mark.group(1) or mark.group(3)] = mark.group(2) or ""
    return found

written = ""  # what the last `# RUN` block has written

def script(body, wanted):
    """The commands of a block: all but the last must end well, the last one with the code that is wanted."""
    if wanted == 0:
        return "\n".join(body)
    last = max(index for index, line in enumerate(body) if line.strip() and not line.startswith("#"))
    return "\n".join(["trap 'exit 99' ERR"] + body[:last] + ["trap - ERR", "set +e"] + body[last:])

def missing(body):
    """The first line of a block of output that the commands above it have not written."""
    lines = [line.strip() for line in written.splitlines()]
    for line in body:
        text = line.strip()
        if text and "…" not in text and "real time" not in text and text not in lines:
            return f"this line was not written: {text}"
    return None

def run(command, wanted, directory, environment):
    """What is wrong with a command, or nothing."""
    global written
    try:
        done = subprocess.run(command, cwd=directory, env=environment, stdin=subprocess.DEVNULL, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    except subprocess.TimeoutExpired:
        return "ran for more than 60 s"
    written = done.stdout
    if done.returncode == wanted:
        return None
    said = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    first = next((line for line in said if re.match(r"error|✗", line)), said[0] if said else "no output")
    return f"exit {done.returncode}, wanted {wanted}: {first}"

def check(start, language, body, evsim, directory, environment):
    """What is wrong with a block: a text, nothing when all is well, False when it is not one to be tried."""
    marks = markers(body)
    if language == "unclosed":
        return "the block has no end"
    if language not in ("yaml", "sh") or "FRAGMENT" in marks or (language == "sh" and "RUN" not in marks):
        return False
    wanted = marks.get("EXIT", "0")
    if not wanted.isdigit():
        return f"'{wanted}' is no exit code"
    if language == "sh":
        return run(["bash", "-euo", "pipefail", "-c", script(body, int(wanted))], int(wanted), directory, environment)
    name = marks.get("FILE", f"line-{start}.yaml")
    if not re.fullmatch(r"\w[\w.-]*", name):
        return f"'{name}' is no name of a file"
    with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
        file.write("\n".join(body) + "\n")
    if any(line.startswith("scenario:") for line in body):
        out = os.path.join(directory, "out", name)
        command = [evsim, "run", name, "-o", out, "--no-plots"]
        # Quiet, and when that fails once more, to say which expectation it was.
        failed = run(command + ["-q"], int(wanted), directory, environment)
        return run(command, int(wanted), directory, environment) if failed else None
    if any(line.startswith("plugin:") for line in body):
        return run([evsim, "validate", "-q", name], int(wanted), directory, environment)
    return "neither scenario: nor plugin: nor # FRAGMENT"

evsim = os.path.abspath(sys.argv[1])
passed = failed = 0
scratch = tempfile.mkdtemp()
try:
    # The command has its own name, whatever the name of the binary.
    tools = os.path.join(scratch, "bin")
    os.mkdir(tools)
    os.symlink(evsim, os.path.join(tools, "evsim"))
    environment = dict(os.environ, PATH=tools + os.pathsep + os.environ.get("PATH", ""), NO_COLOR="1")
    for number, page in enumerate(sys.argv[2:]):
        if not os.path.isfile(page):
            failed += 1
            print(f"FAILED: {page}: there is no such file")
            continue
        directory = os.path.join(scratch, f"page-{number}")
        os.mkdir(directory)
        tried = 0
        follows = False
        for start, language, body in blocks(page):
            if follows and language in ("", "text"):
                wrong = missing(body)
            else:
                wrong = check(start, language, body, evsim, directory, environment)
            follows = language == "sh" and wrong is None
            if wrong is False:
                continue
            tried += 1
            if wrong is None:
                passed += 1
            else:
                failed += 1
                print(f"FAILED: {page}:{start}: {wrong}")
        if tried == 0:
            failed += 1
            print(f"FAILED: {page}: nothing in it to try")
finally:
    shutil.rmtree(scratch, ignore_errors=True)
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
PYTHON
