"""What stands for docker, systemctl, curl and the like on a host that is not there. Run as: standin.py NAME ARGUMENT...

The host is one JSON file ($STANDIN/state.json); what was asked is appended to $STANDIN/calls. Tests look at both. Only
what the scripts use is here; anything else is refused loudly, so that a script cannot pass by asking something unknown.
"""

import fcntl
import json
import os
import sys

# Hundreds of these are started: what is slow to import is imported where it is used.
HERE = os.environ["STANDIN"]
NOBODY = {"active": False, "runs": None, "restarts": 0}


def read(path: str) -> str:
    with open(path) as file:
        return file.read()


def read_packed(path: str) -> str:
    """A tarball: JSON, plain or in gzip."""
    with open(path, "rb") as file:
        data = file.read()
    if data.startswith(b"\x1f\x8b"):
        import gzip

        data = gzip.decompress(data)
    return data.decode()


def write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def fail(text: str, code: int = 1) -> int:
    print(text, file=sys.stderr)
    return code


def docker(state: dict, arguments: list[str]) -> int:
    images = state["images"]
    match arguments:
        case ["load", "--input", path]:
            try:
                packed = json.loads(read_packed(path))
            except ValueError:
                return fail("Error processing tar file: unexpected EOF")
            images |= packed
            for name in packed:
                print(f"Loaded image: {name}")
        case ["image", "inspect", "--format", "{{.Id}}", name] | ["image", "inspect", name]:
            if name not in images:
                return fail(f"Error response from daemon: No such image: {name}")
            print(images[name])
        case ["tag", source, name]:
            # An image that lost its last name is gone: what is to come back must have kept one.
            known = images.get(source) or (source if source in images.values() else None)
            if known is None:
                return fail(f"Error response from daemon: No such image: {source}")
            images[name] = known
        case ["image", "ls", "--no-trunc", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}", repository]:
            for name, image in images.items():
                if name.startswith(f"{repository}:"):
                    print(name, image)
        case ["image", "rm", name]:
            if images.pop(name, None) is None:
                return fail(f"No such image: {name}")
        case ["info"]:
            return fail("permission denied while trying to connect to the docker daemon socket")
        case ["build", *rest]:
            if state.get("build_fails"):
                return fail("ERROR: failed to solve")
            name = rest[rest.index("--tag") + 1]
            images[name] = f"sha256:built-{name}"
        case ["save", name]:
            print(json.dumps({name: images[name]}))
            if state.get("save_fails"):
                return fail("write: no space left on device")
        case _:
            return fail(f"the stand-in does not know: docker {arguments}", 125)
    return 0


def systemctl(state: dict, arguments: list[str]) -> int:
    match arguments:
        case ["daemon-reload"] | ["enable", "--quiet", _]:
            pass
        case ["restart", name]:
            unit = state["units"].setdefault(name, dict(NOBODY))
            path = f"{state['root']}/etc/systemd/system/{name}.service"
            text = read(path) if os.path.exists(path) else ""
            # A unit of another time runs whatever it names.
            unit["runs"] = state["images"].get(f"{name}:current") if f"{name}:current" in text else "what the unit names"
            unit["active"], unit["restarts"] = True, 0
            if name in state.get("start_fails", []):
                unit["active"] = False
                return fail(f"Job for {name}.service failed")
        case ["stop", name]:
            state["units"][name] = dict(NOBODY)
        case ["is-active", "--quiet", name]:
            return 0 if state["units"].get(name, NOBODY)["active"] else 3
        case ["show", "--property", "NRestarts", "--value", name]:
            unit = state["units"].get(name, NOBODY)
            if unit["active"] and unit["runs"] in state.get("crashing", []):
                unit["restarts"] += 1
            print(unit["restarts"])
        case _:
            return fail(f"the stand-in does not know: systemctl {arguments}", 125)
    return 0


def curl(state: dict, arguments: list[str]) -> int:
    url = arguments[-1]
    place = url.removeprefix("http://").split("/")[0]
    unit = state["units"].get(state["places"].get(place), NOBODY)
    if not unit["active"] or unit["runs"] in state.get("crashing", []):
        return fail("curl: (7) Failed to connect", 7)
    # How many times it must still be asked before it is ready.
    left = state["ready_after"].get(unit["runs"], 0)
    if isinstance(left, int) and left > 0:
        state["ready_after"][unit["runs"]] = left - 1
    ready = left == 0
    body = '{"ready":true,"checks":{}}' if ready else state["red"]
    if "--fail" in arguments and not ready:
        return 22
    if "--output" not in arguments:
        print(body, end="")
    return 0


def scp(state: dict, arguments: list[str]) -> int:
    *files, target = arguments
    if state.get("scp_fails"):
        return fail("ssh: connect to host: Connection timed out")
    if not target.endswith(":~/"):
        return fail(f"the stand-in does not know: scp to {target}", 125)
    import shutil

    for file in files:
        shutil.copy(file, f"{HERE}/home")
    return 0


def ssh(state: dict, arguments: list[str]) -> int:
    match arguments:
        case ["-t", _, ("./remote-deploy.sh" | "./setup-prometheus.sh") as script, *rest]:
            release(state)
            os.chdir(f"{HERE}/home")
            os.execv(script, [script, *rest])
        case _:
            return fail(f"the stand-in does not know: ssh {arguments}", 125)


def promtool(state: dict, arguments: list[str]) -> int:
    match arguments:
        case ["check", "config", path]:
            rules = os.path.join(os.path.dirname(path), "rules/pedro.yml")
            if state.get("promtool_refuses") or not os.path.exists(rules) or not read(rules).strip():
                return fail(f"FAILED: {path}: no rules, or wrong ones")
            print(f"SUCCESS: {path} is valid prometheus config file syntax")
        case _:
            return fail(f"the stand-in does not know: promtool {arguments}", 125)
    return 0


def journalctl(state: dict, arguments: list[str]) -> int:
    print(state["journal"])
    return 0


def release(state: dict) -> None:
    """Lets go of the state, for a program that is run in here and asks the host too."""
    write(f"{HERE}/state.json", json.dumps(state))
    fcntl.flock(LOCK, fcntl.LOCK_UN)


def sudo(state: dict, arguments: list[str]) -> int:
    release(state)
    os.execvp(arguments[0], arguments)


LOCK = open(f"{HERE}/lock", "w")  # until this process ends


def main() -> int:
    name, *arguments = sys.argv[1:]
    fcntl.flock(LOCK, fcntl.LOCK_EX)
    state = json.loads(read(f"{HERE}/state.json"))
    with open(f"{HERE}/calls", "a") as calls:
        calls.write(json.dumps([name, *arguments]) + "\n")
    code = globals()[name](state, arguments)
    write(f"{HERE}/state.json", json.dumps(state))
    return code


if __name__ == "__main__":
    sys.exit(main())
