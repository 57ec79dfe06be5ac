"""`turno drawd --user`: started as root, it holds its secrets as somebody else, who cannot come back, and
what it writes is theirs. Needs root, and says so."""

import os
import pwd
import signal
import socket
import stat
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
# pylint: disable=wrong-import-position
import turno

USER, OTHER = "nobody", "daemon"
DAY, ROOT = "2024-03-02", "ab" * 32


def give(path, who):
    """A tree to somebody."""
    os.chown(path, who.pw_uid, who.pw_gid)
    for folder, folders, files in os.walk(path):
        for name in folders + files:
            os.chown(os.path.join(folder, name), who.pw_uid, who.pw_gid)


def make_chain(base, name):
    folder = os.path.join(base, name)
    turno.run("drawd", folder, "--create", "--first-day", "2024-03-01", "--allow-unlocked")
    return folder


def answers(path):
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
            probe.sendall(b"?\n")
            return probe.recv(100).startswith(b"refused")
        except OSError:
            return False


def status_of(process):
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        return {line.split(":")[0]: line.split()[1:] for line in file}


def root_is_given_up(base, who):
    folder, path = make_chain(base, "chain"), os.path.join(base, "chain.sock")
    give(folder, who)
    process = subprocess.Popen([turno.PROGRAM, "drawd", folder, "--listen", path, "--user", USER,
                                "--simulated", "--allow-unlocked"], stderr=subprocess.DEVNULL,
                               preexec_fn=turno.die_with_parent,
                               extra_groups=[0, pwd.getpwnam(OTHER).pw_gid])
    turno._running[process.pid] = process # pylint: disable=protected-access
    turno.wait_until(lambda: process.poll() is not None or answers(path), "drawd listens")
    assert process.poll() is None, process.returncode
    status = status_of(process)
    # Real, effective, saved and of files: none is left to go back to.
    assert status["Uid"] == [str(who.pw_uid)] * 4, status["Uid"]
    assert status["Gid"] == [str(who.pw_gid)] * 4, status["Gid"]
    assert status["Groups"] in ([], [str(who.pw_gid)]), status["Groups"]
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(status[name][0], 16) == 0, (name, status[name])
    about = os.stat(path)
    assert about.st_uid == who.pw_uid and stat.S_IMODE(about.st_mode) == 0o660, about
    secret = turno.run("drawd", "--ask", path, "--day", DAY, "--root", ROOT).stdout.strip()
    assert len(secret) == 64
    # A day is said as everybody writes it.
    for day, root, words in ((DAY, "cd" * 32, DAY + " was revealed for another root"),
                             ("2024-02-01", ROOT, "no secret for 2024-02-01"),
                             ("2024-03-01", ROOT, "2024-03-01 is over: " + DAY)):
        done = turno.run("drawd", "--ask", path, "--day", day, "--root", root, expect=None)
        assert done.returncode != turno.DONE and words in done.stderr, done
    written = os.listdir(os.path.join(folder, "revealed"))
    assert len(written) == 1, written
    about = os.stat(os.path.join(folder, "revealed", written[0]))
    assert about.st_uid == who.pw_uid and stat.S_IMODE(about.st_mode) == 0o600, about
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == turno.DONE
    # The same word as root: nothing stands in another's name.
    process = subprocess.Popen([turno.PROGRAM, "drawd", folder, "--listen", path, "--simulated",
                                "--allow-unlocked"], stderr=subprocess.DEVNULL,
                               preexec_fn=turno.die_with_parent)
    turno._running[process.pid] = process # pylint: disable=protected-access
    turno.wait_until(lambda: answers(path), "drawd listens")
    assert status_of(process)["Uid"] == ["0"] * 4
    again = turno.run("drawd", "--ask", path, "--day", DAY, "--root", ROOT).stdout.strip()
    assert again == secret
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == turno.DONE


def what_is_not_theirs_is_not_opened(base):
    """It has become the other before it opens the chain: root's files are closed to it."""
    folder, path = make_chain(base, "roots"), os.path.join(base, "roots.sock")
    done = turno.run("drawd", folder, "--listen", path, "--user", USER, "--allow-unlocked",
                     expect=turno.ENVIRONMENT, timeout=20)
    assert "Permission denied" in done.stderr, done.stderr
    path = os.path.join(base, "nobodys.sock")
    done = turno.run("drawd", folder, "--listen", path, "--user", "no-such-user",
                     "--allow-unlocked", expect=turno.ENVIRONMENT, timeout=20)
    assert "there is no user no-such-user" in done.stderr, done.stderr
    assert not os.path.exists(path), "a socket that nobody answers was left"


def only_root_becomes_another(base, who):
    folder = make_chain(base, "mine")
    give(folder, who)
    shared = os.path.join(base, "shared")
    os.mkdir(shared)
    os.chmod(shared, 0o777)
    try:
        done = subprocess.run([turno.PROGRAM, "drawd", folder, "--listen",
                               os.path.join(shared, "s"), "--user", OTHER, "--allow-unlocked"],
                              user=who.pw_uid, group=who.pw_gid, extra_groups=[], timeout=20,
                              stderr=subprocess.PIPE, check=False)
    except PermissionError:
        print(f"skipped: {USER} cannot run {turno.PROGRAM}")
        return
    assert done.returncode == turno.ENVIRONMENT, done
    assert b"Operation not permitted" in done.stderr, done.stderr
    assert not os.listdir(shared)


def main():
    turno.need_program()
    if os.geteuid() != 0:
        turno.skip("to become another user needs root")
    who = pwd.getpwnam(USER)
    with turno.scratch() as base:
        os.chmod(base, 0o711)
        root_is_given_up(base, who)
        what_is_not_theirs_is_not_opened(base)
        only_root_becomes_another(base, who)
    print("root is given up for good, and the files are the user's")


if __name__ == "__main__":
    main()
