# SPDX-License-Identifier: MIT
"""Compares what becomes of Trivet's containers with what becomes of Python's own.

Makes up operations on ten variables that hold containers, does each here and has the program
`containers` do it, and compares result, exception, and what the operation has left. The values grow
out of one another: a list may come to hold itself. The seed is fixed; DIFFERENTIAL_SEED tries another.

What differs on purpose: a set keeps the order of insertion, so that reprs with sets in them are
compared as values; and what `is_odd` tells.
"""

import operator
import os
import random
import subprocess
import sys

STEPS = int(os.environ.get("DIFFERENTIAL_STEPS", "40000"))
OPERATORS = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "|": operator.or_,
    "&": operator.and_, "^": operator.xor, "<": operator.lt, "<=": operator.le,
    "==": operator.eq, "!=": operator.ne, ">": operator.gt, ">=": operator.ge,
}
OTHERS = {
    "value": lambda a: a, "in": operator.contains, "getitem": operator.getitem,
    "setitem": operator.setitem, "delitem": operator.delitem, "len": len,
    "hash": lambda a: hash(a) == hash(a), "truth": bool,
}
TYPES = {"list": list, "tuple": tuple, "set": set, "dict": dict, "range": range, "frozenset": frozenset}
METHODS = {
    list: ["append", "extend", "insert", "pop", "remove", "clear", "index", "count", "sort",
           "reverse", "copy"],
    tuple: ["index", "count"],
    dict: ["get", "keys", "values", "items", "pop", "popitem", "setdefault", "update", "clear",
           "copy"],
    set: ["add", "remove", "discard", "clear", "copy", "union", "intersection", "difference",
          "symmetric_difference", "update", "intersection_update", "difference_update",
          "symmetric_difference_update", "issubset", "issuperset", "isdisjoint"],
    range: ["index", "count"],
    frozenset: ["copy", "union", "intersection", "difference", "symmetric_difference", "issubset",
                "issuperset", "isdisjoint"],
    type({}.keys()): ["isdisjoint"],
    type({}.items()): ["isdisjoint"],
}
VIEWS = (type({}.keys()), type({}.values()), type({}.items()))
# How many arguments a method is given; sometimes it is another number all the same.
ARITY = {"append": 1, "extend": 1, "insert": 2, "pop": 1, "remove": 1, "clear": 0, "index": 1,
         "count": 1, "sort": 0, "reverse": 0, "copy": 0, "get": 2, "keys": 0, "values": 0,
         "items": 0, "popitem": 0, "setdefault": 2}


class Variable:
    """An operand that names a variable."""

    def __init__(self, number):
        self.number = number


def encode(value):
    if isinstance(value, Variable):
        return f"${value.number}"
    if value is None:
        return "n"
    if isinstance(value, bool):
        return f"b{value:d}"
    if isinstance(value, int):
        return f"i{value};"
    if isinstance(value, float):
        return f"f{value.hex()};"
    if isinstance(value, str):
        return f"s{value.encode().hex()};"
    if isinstance(value, range):
        return f"R{value.start},{value.stop},{value.step};"
    if isinstance(value, slice):
        return "/" + encode(value.start) + encode(value.stop) + encode(value.step)
    if isinstance(value, dict):
        return "{" + "".join(encode(k) + encode(v) for k, v in value.items()) + "}"
    left, right = {list: "[]", tuple: "()", set: "<>"}[type(value)]
    return left + "".join(map(encode, value)) + right


def atom(r):
    kind = r.randrange(20)
    if kind < 10:
        return r.randint(-4, 6)
    if kind < 15:
        return r.choice(["", "a", "b", "ab", "é"])
    if kind < 17:
        return r.choice([0.0, 1.0, 2.5, -1.0])
    return r.choice([None, True, False, 2**70, -(2**63), 2**61 - 1])


def hashable(r, depth):
    if depth and r.random() < .25:
        return tuple(hashable(r, depth - 1) for _ in range(r.randint(0, 3)))
    return atom(r)


def value(r, depth=2):
    kind = r.randrange(12) if depth else 0
    count = r.choice([0, 1, 2, 3, 5, 12, 30]) if depth == 2 else r.randint(0, 3)
    if kind < 3:
        return atom(r)
    if kind < 6:
        same = r.random() < .5
        return [r.randint(-9, 9) if same else value(r, depth - 1) for _ in range(count)]
    if kind < 8:
        return tuple(value(r, depth - 1) for _ in range(count))
    if kind < 10:
        return {hashable(r, depth): value(r, depth - 1) for _ in range(count)}
    if kind < 11:
        return {hashable(r, depth) for _ in range(count)}
    return range(r.randint(-5, 5), r.randint(-9, 9), r.choice([1, 1, 2, -1, -3]))


def some_slice(r):
    def place():
        return None if r.random() < .4 else r.choice([r.randint(-8, 8)] * 12 + [2**70, -(2**63), "a"])
    return slice(place(), place(), r.choice([None, None, None, 1, 2, 3, -1, -2, 0, place()]))


def evaluate(name, arguments):
    if name.startswith("method:"):
        return getattr(arguments[0], name[7:])(*arguments[1:])
    if name.startswith("call:"):
        return TYPES[name[5:]](*arguments)
    return (OPERATORS.get(name) or OTHERS[name])(*arguments)


def has_set(value, inside=()):
    if isinstance(value, VIEWS):
        value = list(value)
    if not isinstance(value, (list, tuple, dict)) or id(value) in inside:
        return isinstance(value, (set, frozenset))
    parts = [*value, *value.values()] if isinstance(value, dict) else value
    return any(has_set(part, inside + (id(value),)) for part in parts)


def is_odd(name, arguments):
    """What is not compared: the order of a set that becomes visible in a list; operands that no machine word holds, for which Python
    has several answers; a dict that is empty and does not ask for a hash; positions of what Python
    takes by keyword alone."""
    first, others = arguments[0], arguments[1:]
    if name in ("call:list", "call:tuple", "call:dict", "method:extend") or \
            name == "method:update" and isinstance(first, dict):
        return any(map(has_set, arguments))
    if name == "setitem" and isinstance(others[0], slice) and has_set(others[1]):
        return True
    if name in ("setitem", "delitem") and \
            any(isinstance(a, int) and abs(a) > 2**60 for a in arguments):
        return True
    return name == "method:pop" and first == {} or name == "method:sort" and bool(others)


def think_up(r, variables):
    """An operation and its operands: values, or Variables."""
    def operand():
        return Variable(r.randrange(10)) if r.random() < .4 else value(r, r.choice([0, 0, 1]))

    first = Variable(r.randrange(10))
    target = variables[first.number]
    kind = r.random()
    if kind < .08:
        return "value", [value(r)]
    if kind < .50 and type(target) in METHODS:
        name = r.choice(METHODS[type(target)])
        count = r.randint(0, 2) if r.random() < .1 else ARITY.get(name, 1)
        arguments = [operand() for _ in range(count)]
        if name in ("insert", "pop") and type(target) is list and arguments and r.random() < .9:
            arguments[0] = r.randint(-4, 6)
        return "method:" + name, [first] + arguments
    if kind < .70:
        return r.choice(list(OPERATORS)), [first, operand()]
    if kind < .90:
        name = r.choice(["in", "getitem", "setitem", "delitem"])
        key = r.choice([r.randint(-3, 3), r.randint(-3, 3), some_slice(r), some_slice(r), operand()])
        return name, [first, key] + ([operand()] if name == "setitem" else [])
    if kind < .95:
        name = r.choice(list(TYPES))
        return "call:" + name, [operand() for _ in range(r.choice([0, 1, 1, 1, 2]))]
    return r.choice(["len", "hash", "truth"]), [first]


def outcome(name, arguments):
    """What is printed, and the result or None."""
    try:
        result = evaluate(name, arguments)
    except Exception as error:
        return "!" + type(error).__name__, None
    return f"{type(result).__name__} {result!r}", result


def is_same(got, wanted):
    if got == wanted:
        return True
    if "{" not in wanted and "set(" not in wanted:
        return False
    kind, text = wanted.split(" ", 1) if " " in wanted else ("", wanted)
    if got.split(" ", 1)[0] != kind and kind in TYPES:
        return False
    got_text = got.split(" ", 1)[1] if kind in TYPES else got
    text = text if kind in TYPES else wanted
    try:
        return eval(got_text) == eval(text)
    except (SyntaxError, NameError, TypeError):
        return sorted(got) == sorted(wanted)


def room_for_items(value, left=120, inside=()):
    """What is left of so many items that its repr may have; below 0 if there are more. What is in
    it several times counts each time, as it does in a repr."""
    if isinstance(value, VIEWS):
        value = list(value)
    if not isinstance(value, (list, tuple, dict, set, frozenset)) or id(value) in inside:
        return left - 1
    parts = [p for pair in value.items() for p in pair] if isinstance(value, dict) else value
    for part in parts:
        left = room_for_items(part, left - 1, inside + (id(value),))
        if left < 0:
            break
    return left


def think_up_all(r):
    """Lines for the program, and what each must answer."""
    variables = [None] * 10
    lines, wanted = [], []

    def do(target, name, operands):
        arguments = [variables[o.number] if isinstance(o, Variable) else o for o in operands]
        lines.append(" ".join([target, name] + [encode(o) for o in operands]))
        said, result = outcome(name, arguments)
        left = repr(arguments[0]) if arguments else "?"
        wanted.append((said, left))
        if target != "_":
            variables[int(target)] = result
        return said

    while len(lines) < STEPS:
        name, operands = think_up(r, variables)
        operands = operands or [[]]
        if is_odd(name, [variables[o.number] if isinstance(o, Variable) else o for o in operands]):
            continue
        target = str(r.randrange(10)) if r.random() < .3 or name == "value" else "_"
        if name == "call:range":
            target = "_"  # it may be too long to be walked
        said = do(target, name, operands)
        # A sort that fails leaves some order or other.
        spoilt = name == "method:sort" and said[0] == "!"
        if spoilt:
            wanted[-1] = (said, None)
        if not spoilt and target == "_" and name[:7] not in ("method:", "setitem"):
            continue
        for i, held in enumerate(variables):
            if spoilt or room_for_items(held) < 0:
                do(str(i), "value", [value(r, 1)])
    return lines, wanted


def main():
    seed = int(os.environ.get("DIFFERENTIAL_SEED", "1"))
    lines, wanted = think_up_all(random.Random(seed))
    done = subprocess.run([sys.argv[1]], input="\n".join(lines) + "\n", capture_output=True,
                          text=True, check=False)
    got = done.stdout.split("\n")
    failures = 0
    for line, answer, (said, left) in zip(lines, got, wanted):
        parts = answer.split("\t")
        if len(parts) != 2 or not is_same(parts[0], said) or \
                left is not None and not is_same(parts[1], left):
            failures += 1
            print(f"{line}\n  got    {answer}\n  wanted {said}\t{left}")
            if failures == 10:
                break
    # AddressSanitizer tells of sizes that cannot be had, which is what some cases ask for.
    complaints = [line for line in done.stderr.splitlines() if "AddressSanitizer failed to allocate" not in line]
    if done.returncode or any(complaints):
        print(f"the program ended with status {done.returncode}: {done.stderr[-2000:]}")
        failures += 1
    elif not failures and got[len(lines)] != "0 objects left":
        print(got[len(lines)])
        failures += 1
    print(f"{len(lines)} operations, seed {seed}, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
