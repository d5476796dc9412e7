# SPDX-License-Identifier: MIT
"""Compares what small cases give in Trivet with what they give in Python.

A case is a line of Python in a file table/SUBJECT.cases:

    'a,b'.split(',')
    a = [3, 1, 2]; a.sort(reverse=True)
    d = {1: 2}
    | for k in d: d[k + 1] = 0

A line that begins with "| " continues the case before it; lines of "#" and empty ones divide. The case is
run here, and turned into a program for `run_table` (see there), which runs it over Trivet's public interface.
Compared are the type and repr of the last expression's value, or the type and message of the exception,
and the repr of every variable at the end. Addresses are not compared, nor the order within a set.

To add a case, write the line. A comment at its end says what is different on purpose, and why:

    hash('a')           # differs: a hash of texts has a secret key
    [].index()          # words: says how many it wants, not that it got none

A case marked "differs" must differ; of one marked "words" everything but the message of the exception is
compared. To try one:  python3 table.py PROGRAM -e "[1] + [2]"

Cases may use literals, operators, comparisons, calls, attributes, subscripts, slices, `lambda`, `and`, `or`,
`not`, `x if c else y`, assignments of each kind (with unpacking), `del`, `raise`, `for` and `if` in one line,
the built-in names that `run_table` knows, and the classes below, which are prepared on both sides.
Messages are Python 3.11's, and are only compared with that.
"""

import ast
import copy
import functools
import glob
import operator
import os
import re
import subprocess
import sys
import types
import warnings
import weakref

HAS_THESE_WORDS = sys.version_info[:2] == (3, 11)


class Bad:
    """Says ValueError to everything but its hash."""

    def __init__(self, number=0):
        self.number = number

    def __hash__(self):
        return self.number

    def __repr__(self):
        return f"Bad({self.number})"

    def refuse(self, *_):
        raise ValueError("bad")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __iter__ = __len__ = refuse
    __getitem__ = __setitem__ = __delitem__ = __contains__ = __call__ = refuse


class Unhashable:
    """Equal to none but itself, and has no hash."""
    __hash__ = None

    def __eq__(self, other):
        return self is other

    def __repr__(self):
        return "Unhashable()"


class Clears:
    """Clears a container whenever it is compared; equal to nothing."""

    def __init__(self, container, hash=0):
        self.container, self.hash = container, hash

    def __eq__(self, other):
        self.container.clear()
        return False

    def __lt__(self, other):
        self.container.clear()
        return False

    def __hash__(self):
        return self.hash

    def __repr__(self):
        return "Clears()"


class Fails:
    """An iterable of the numbers below n, then of an exception."""

    def __init__(self, count):
        self.count = count

    def __iter__(self):
        yield from range(self.count)
        raise ValueError("no more")

    def __repr__(self):
        return f"Fails({self.count})"


PREPARED = {c.__name__: c for c in (Bad, Unhashable, Clears, Fails)}
PREPARED.update({name: getattr(weakref, name) for name in (
    "ref", "proxy", "WeakMethod", "WeakSet", "WeakKeyDictionary", "WeakValueDictionary", "finalize")})
PREPARED.update(__name__="__main__", method=types.MethodType, cell=types.CellType, mappingproxy=types.MappingProxyType,
                module=types.ModuleType)
PREPARED.update({f.__name__: f for f in (functools.partial, functools.reduce, functools.cmp_to_key,
                                         functools.update_wrapper, functools.total_ordering,
                                         copy.copy, copy.deepcopy, operator.itemgetter,
                                         operator.attrgetter, operator.methodcaller)})


def cached(function, maxsize=128, typed=False):
    """lru_cache as C has it: below 0 there is no limit, and cache_info is a dict."""
    wrapper = functools.lru_cache(None if maxsize < 0 else maxsize, typed)(function)

    class Cached:
        __wrapped__ = function

        def __call__(self, *args, **keywords):
            return wrapper(*args, **keywords)

        def cache_info(self):
            return wrapper.cache_info()._asdict()

        def __repr__(self):
            return "<functools._lru_cache_wrapper object>"

    Cached.__name__ = "_lru_cache_wrapper"
    made = Cached()
    made.cache_clear, made.cache_parameters = wrapper.cache_clear, wrapper.cache_parameters
    return made


PREPARED["cached"] = cached

BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%",
          ast.Pow: "**", ast.LShift: "<<", ast.RShift: ">>", ast.BitAnd: "&", ast.BitOr: "|",
          ast.BitXor: "^", ast.MatMult: "@"}
UNARY = {ast.USub: "neg", ast.UAdd: "pos", ast.Invert: "inv", ast.Not: "not"}
COMPARISON = {ast.Lt: "<", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!=", ast.Gt: ">", ast.GtE: ">=",
              ast.In: "in", ast.NotIn: "notin", ast.Is: "is", ast.IsNot: "isnot"}


def constant(value):
    if value is None or isinstance(value, bool):
        return {None: "N", True: "T", False: "F"}[value]
    if isinstance(value, int):
        return f"i{value}"
    if isinstance(value, float):
        return f"f{value.hex()}"
    if isinstance(value, complex):
        return f"c{value.imag.hex()}"
    if isinstance(value, str):
        return "s" + value.encode("utf-8", "surrogatepass").hex()
    if isinstance(value, bytes):
        return "y" + value.hex()
    raise NotImplementedError(repr(value))


def form(*words):
    return "( " + " ".join(words) + " )"


def call(node):
    parts = ["call", expression(node.func)]
    for a in node.args:
        parts.append(form("star", expression(a.value)) if isinstance(a, ast.Starred) else expression(a))
    for k in node.keywords:
        parts.append(form("stars", expression(k.value)) if k.arg is None
                     else form("key", k.arg, expression(k.value)))
    return form(*parts)


def expression(node):
    """An expression as `run_table` reads it."""
    kind = type(node)
    if kind is ast.Constant:
        return constant(node.value)
    if kind is ast.Name:
        return "$" + node.id
    if kind in (ast.List, ast.Tuple, ast.Set):
        return form({ast.List: "list", ast.Tuple: "tuple", ast.Set: "set"}[kind],
                    *map(expression, node.elts))
    if kind is ast.Dict:
        return form("dict", *(expression(x) for pair in zip(node.keys, node.values) for x in pair))
    if kind is ast.BinOp:
        return form(BINARY[type(node.op)], expression(node.left), expression(node.right))
    if kind is ast.UnaryOp:
        return form(UNARY[type(node.op)], expression(node.operand))
    if kind is ast.BoolOp:
        return form("and" if isinstance(node.op, ast.And) else "or", *map(expression, node.values))
    if kind is ast.Compare and len(node.ops) == 1:
        return form(COMPARISON[type(node.ops[0])], expression(node.left), expression(node.comparators[0]))
    if kind is ast.IfExp:
        return form("if", expression(node.test), expression(node.body), expression(node.orelse))
    if kind is ast.Call:
        return call(node)
    if kind is ast.Attribute:
        return form("getattr", expression(node.value), node.attr)
    if kind is ast.Subscript:
        return form("getitem", expression(node.value), expression(node.slice))
    if kind is ast.Slice:
        return form("slice", *("N" if p is None else expression(p)
                               for p in (node.lower, node.upper, node.step)))
    if kind is ast.Lambda:
        names = [a.arg for a in node.args.args] + (["*" + node.args.vararg.arg] if node.args.vararg else [])
        names += ["**" + node.args.kwarg.arg] if node.args.kwarg else []
        return form("lambda", str(len(names)), *names, expression(node.body))
    raise NotImplementedError(ast.dump(node))


def assign(target, value, operator=""):
    """An assignment to a target; with an operator, that one in place."""
    kind = type(target)
    if kind is ast.Name:
        return form("=", target.id, form(operator, "$" + target.id, value) if operator else value)
    if kind is ast.Subscript:
        return form("setitem", *([operator] if operator else ["="]), expression(target.value),
                    expression(target.slice), value)
    if kind is ast.Attribute:
        return form("setattr", *([operator] if operator else ["="]), expression(target.value),
                    target.attr, value)
    if kind in (ast.Tuple, ast.List) and all(isinstance(t, ast.Name) for t in target.elts):
        return form("unpack", str(len(target.elts)), *(t.id for t in target.elts), value)
    raise NotImplementedError(ast.dump(target))


def delete(target):
    if isinstance(target, ast.Name):
        return form("delname", target.id)
    if isinstance(target, ast.Subscript):
        return form("delitem", expression(target.value), expression(target.slice))
    return form("delattr", expression(target.value), target.attr)


def statements(node):
    """A statement as `run_table` reads it."""
    kind = type(node)
    if kind is ast.Expr:
        return [expression(node.value)]
    if kind is ast.Assign:
        first, *others = node.targets
        return [assign(first, expression(node.value))] + [assign(t, "$" + first.id) for t in others]
    if kind is ast.AugAssign:
        return [assign(node.target, expression(node.value), BINARY[type(node.op)] + "=")]
    if kind is ast.Delete:
        return [delete(target) for target in node.targets]
    if kind is ast.Raise:
        return [form("raise", expression(node.exc), "N" if node.cause is None else expression(node.cause))]
    if kind is ast.For:
        body = [s for statement in node.body for s in statements(statement)]
        return [form("for", node.target.id, expression(node.iter), *body)]
    if kind is ast.If:
        return [form("when", expression(node.test), *(s for x in node.body for s in statements(x)))]
    if kind is ast.Pass:
        return ["N"]
    raise NotImplementedError(ast.dump(node))


def shown(value):
    try:
        return escaped(repr(value))
    except Exception as error:
        return f"?{type(error).__name__}"


def escaped(text):
    text = text.encode("utf-8", "backslashreplace").decode()
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def python_gives(tree):
    """What the case gives here: result, then variables, as `run_table` writes them."""
    space = dict(PREPARED)
    result = "-"
    try:
        for statement in tree.body:
            if isinstance(statement, ast.Expr):
                value = eval(compile(ast.Expression(statement.value), "case", "eval"), space)
                result = f"{type(value).__name__} {shown(value)}"
            else:
                exec(compile(ast.Module([statement], []), "case", "exec"), space)
                result = "-"
    except Exception as error:
        result = f"!{type(error).__name__}: {escaped(str(error))}"
    names = sorted(n for n in space if n not in PREPARED and n not in ("__builtins__", "__warningregistry__"))
    return [result] + [f"{name}={shown(space[name])}" for name in names]


class Sorter(ast.NodeTransformer):
    def visit_Set(self, node):
        self.generic_visit(node)
        node.elts.sort(key=ast.dump)
        return node


def normal(index, text):
    """One of the things a case gives, without addresses, and with the items of sets in one order."""
    text = re.sub(r" at 0x[0-9a-f]{6,}", "", text)
    head, separator, rest = text.partition("=" if index else " ")
    if "{" in rest and text[0] != "!":
        try:
            return head + separator + ast.dump(Sorter().visit(ast.parse(rest)))
        except SyntaxError:
            pass
    return text


def is_same(wanted, given):
    return [normal(*part) for part in enumerate(wanted)] == [normal(*part) for part in enumerate(given)]


class Case:
    def __init__(self, source, where):
        self.where = where
        self.mark, self.source = "", source
        found = re.search(r"\s+# (differs|words): (.*)$", source, re.M)
        if found:
            self.mark = found[1]
            self.source = source[:found.start()] + source[found.end():]
        self.tree = ast.parse(self.source)
        self.program = " ".join(s for statement in self.tree.body for s in statements(statement))

    def judge(self, given):
        """None if all is as it should be, else what to tell."""
        wanted = python_gives(self.tree)
        given = given.split("\t")
        same = is_same(wanted, given)
        if self.mark and same and HAS_THESE_WORDS:
            return f"{self.where}: {self.source}\n    is as in Python, though marked: {given}"
        if not same and wanted[0][0] == "!" and (self.mark == "words" or not HAS_THESE_WORDS):
            wanted[0], given[0] = wanted[0].split(":")[0], given[0].split(":")[0]
            same = is_same(wanted, given)
        if same or self.mark == "differs":
            return None
        return f"{self.where}: {self.source}\n    Python:  {'  '.join(wanted)}\n    Trivet:  {'  '.join(given)}"


def read_cases(path):
    blocks = []
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip("\n")
            if line.startswith("| "):
                blocks[-1][0] += "\n" + line[2:]
            elif line and not line.startswith("#"):
                blocks.append([line, f"{os.path.basename(path)}:{number}"])
    return [Case(*block) for block in blocks]


def run(program, cases):
    """What to tell of the cases."""
    text = "".join(case.program + "\n" for case in cases)
    done = subprocess.run([program], input=text, capture_output=True, encoding="utf-8",
                          errors="backslashreplace", check=False)
    lines = done.stdout.split("\n")[:-1]
    told = [text for text in (case.judge(line) for case, line in zip(cases, lines)) if text]
    if done.returncode or len(lines) != len(cases):
        last = cases[min(len(lines), len(cases) - 1)]
        told.append(f"{last.where}: {last.source}\n    the program ended with status {done.returncode} "
                    f"after {len(lines)} of {len(cases)} cases: {done.stderr[-2000:]}")
    return told


def main():
    warnings.simplefilter("ignore")
    program, arguments = sys.argv[1], sys.argv[2:]
    if arguments[:1] == ["-e"]:
        cases = [Case(source, "given") for source in arguments[1:]]
        for case in cases:
            print(*run(program, [case]) or [f"{case.source}\n    " + "  ".join(python_gives(case.tree))])
        return 0
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "table")
    count, told = 0, []
    for path in arguments or sorted(glob.glob(os.path.join(here, "*.cases"))):
        cases = read_cases(path)
        count += len(cases)
        told += run(program, cases)
    print(*told, sep="\n")
    print(f"{count} cases of the table, {len(told)} failures")
    return 1 if told or not count else 0


if __name__ == "__main__":
    sys.exit(main())
