# SPDX-License-Identifier: MIT
"""Compares what becomes of Trivet's threads with what becomes of Python's.

Makes up operations on variables that hold threads, does each here and has the program `threads` do
it, and compares answers and exceptions with their messages. A thread waits until it is released, and
whoever releases it joins it, so nothing depends on time. The seed is fixed; DIFFERENTIAL_SEED tries
another.

What differs on purpose: the names of the types begin with a small letter.
"""

import os
import random
import re
import subprocess
import sys
import threading

STEPS = int(os.environ.get("DIFFERENTIAL_STEPS", "4000"))
VARIABLES = 5

threads = [None] * VARIABLES
events = [None] * VARIABLES
hooked = []


def work(variable):
    events[variable].wait()


def fail(variable):
    events[variable].wait()
    raise KeyError("why")


def leave(variable):
    events[variable].wait()
    raise SystemExit("now")


def join_itself(variable):
    me = threading.current_thread()
    events[variable].wait()
    me.join()


def hook(args):
    hooked.append(f"hook {args.exc_type.__name__} {args.exc_value} {args.thread.name}")


threading.excepthook = hook


def new(variable, kind):
    events[variable] = threading.Event()
    if kind == "timer":
        threads[variable] = threading.Timer(1e6, work, (variable,))
        threads[variable].name = "timer"
    else:
        threads[variable] = threading.Thread(target=globals()[kind], args=(variable,))


def release(variable, _):
    events[variable].set()
    threads[variable].join()


def cancel(variable, _):
    threads[variable].cancel()
    release(variable, _)


def start(variable, _):
    """One that was released or cancelled before ends at once."""
    threads[variable].start()
    if events[variable].is_set():
        threads[variable].join()


OPERATIONS = {
    "new": new, "release": release, "cancel": cancel, "start": start,
    "join": lambda i, seconds: threads[i].join(float(seconds)),
    "get": lambda i, name: getattr(threads[i], name),
    "alive": lambda i, _: threads[i].is_alive(),
    "set_name": lambda i, name: setattr(threads[i], "name", name),
    "daemon": lambda i, daemon: setattr(threads[i], "daemon", daemon == "1"),
    "repr": lambda i, _: repr(threads[i]),
    "count": lambda i, _: threading.active_count(),
    "listed": lambda i, _: threads[i] in threading.enumerate(),
}


def choose(dice):
    """An operation that cannot wait for ever."""
    variable = dice.randrange(VARIABLES)
    thread = threads[variable]
    is_timer = isinstance(thread, threading.Timer)
    if thread is None or not thread.is_alive() and dice.random() < 0.2:
        kind = dice.choice(["work", "work", "fail", "leave", "join_itself", "timer"])
        return "new", variable, kind
    name = dice.choice(list(OPERATIONS)[1:] + ["start", "start"])
    words = {"join": "0", "get": dice.choice(["name", "daemon"]), "daemon": dice.choice("01"),
             "set_name": dice.choice(["a", "bb", "ä"])}
    if name == ("release" if is_timer else "cancel"):
        name = "repr"
    return name, variable, words.get(name, "-")


def do(name, variable, word):
    try:
        return str(OPERATIONS[name](variable, word))
    except (RuntimeError, ValueError) as error:
        return f"!{type(error).__name__} {error}"


def same(ours, theirs):
    """Numbers of threads differ, and how the names of types are spelt."""
    theirs = re.sub(r"^<(\w+)\(", lambda m: "<" + m[1].lower() + "(", theirs)
    return re.sub(r" \d+\)>$", " N)>", ours) == re.sub(r" \d+\)>$", " N)>", theirs)


def main():
    dice = random.Random(int(os.environ.get("DIFFERENTIAL_SEED", "1")))
    program = subprocess.Popen([sys.argv[1]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               encoding="utf-8")
    for step in range(STEPS):
        operation = choose(dice)
        del hooked[:]
        expected = [do(*operation)]
        expected = hooked + expected
        print(*operation, file=program.stdin, flush=True)
        for line in expected:
            got = program.stdout.readline().rstrip("\n")
            if not same(got, line):
                sys.exit(f"step {step}, {operation}: {got!r}, but Python says {line!r}")
    for variable, thread in enumerate(threads):
        if thread is not None and thread.is_alive():
            name = "cancel" if isinstance(thread, threading.Timer) else "release"
            do(name, variable, "-")
            print(name, variable, "-", file=program.stdin, flush=True)
    program.stdin.close()
    program.stdout.read()
    if program.wait() != 0:
        sys.exit("the program fails")
    print(f"{STEPS} operations on threads have the results they have in Python")


main()
