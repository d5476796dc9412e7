# SPDX-License-Identifier: MIT
"""Compares what happens to exceptions in Trivet with what happens to them in Python.

Each function here whose name begins with "case_" has a function of the same name in errors.c, which does the
same over Trivet's public interface. What a case raises, or returns, is printed on both sides with its causes,
contexts, notes and groups. Lines that name places in the source are left out.
"""

import re
import subprocess
import sys
import traceback

sys.setrecursionlimit(10000)


def case_cause():
    try:
        raise KeyError("k")
    except KeyError as error:
        raise ValueError("v") from error


def case_context():
    try:
        raise KeyError("k")
    except KeyError:
        raise ValueError("v")


def case_from_none():
    try:
        raise KeyError("k")
    except KeyError:
        raise ValueError("v") from None


def case_three_contexts():
    try:
        try:
            raise KeyError("k")
        except KeyError:
            raise ValueError("v")
    except ValueError:
        raise TypeError("t")


def case_reraise():
    try:
        raise KeyError("k")
    except KeyError:
        raise


def case_reraise_nothing():
    raise


def case_after_the_handler():
    try:
        raise KeyError("k")
    except KeyError:
        pass
    raise ValueError("v")


def case_nested_handlers():
    try:
        raise KeyError("k")
    except KeyError:
        try:
            raise ValueError("v")
        except ValueError:
            pass
        raise TypeError("t")


def case_same_again():
    error = ValueError("v")
    try:
        raise error
    except ValueError:
        try:
            raise KeyError("k")
        except KeyError:
            raise error


def case_ring_of_causes():
    a, b = ValueError("a"), ValueError("b")
    a.__cause__, b.__cause__ = b, a
    raise a


def case_notes():
    error = ValueError("one\ntwo")
    error.add_note("three\nfour")
    error.add_note("")
    error.add_note("five")
    raise error


def case_notes_that_are_none():
    error = ValueError("v")
    error.__notes__ = ("a", 3)
    raise error


def case_no_message():
    raise ValueError


def case_empty_message():
    raise ValueError("")


def case_key_error():
    raise KeyError("")


def case_system_exit():
    raise SystemExit(3)


# Groups


def caught(exception):
    try:
        raise exception
    except BaseException as error:
        return error


def case_group():
    raise ExceptionGroup("g", [caught(ValueError("v")), KeyError("k")])


def case_nested_groups():
    inner = caught(ExceptionGroup("i", [ValueError("a\nb"), caught(TypeError("t"))]))
    inner.add_note("n\no")
    raise ExceptionGroup("g", [inner, ExceptionGroup("j", [OSError(2, "o")]), KeyError("k")])


def case_group_with_chains():
    inner = ValueError("v")
    inner.__cause__ = caught(KeyError("k"))
    other = TypeError("t")
    other.__context__ = ExceptionGroup("c", [OSError("o")])
    error = ExceptionGroup("g", [inner, other])
    error.__cause__ = RuntimeError("r")
    raise error


def case_wide_group():
    raise ExceptionGroup("g", [ValueError(i) for i in range(17)])


def case_very_wide_group():
    raise ExceptionGroup("g", [ValueError(i) for i in range(16)])


def case_group_just_wide_enough():
    raise ExceptionGroup("g", [ValueError(i) for i in range(15)])


def case_deep_group():
    error = ValueError("v")
    for _ in range(12):
        error = ExceptionGroup("g", [error, KeyError("k")])
    raise error


def case_ring_through_a_group():
    inner = ValueError("v")
    error = ExceptionGroup("g", [inner])
    inner.__cause__ = error
    raise error


def case_split_keeps_history():
    error = ExceptionGroup("g", [ValueError("v"), KeyError("k")])
    error.add_note("n")
    error.__context__ = TypeError("t")
    raise caught(error).split(KeyError)[0]


def case_split_rest():
    error = ExceptionGroup("g", [ValueError("v"), ExceptionGroup("h", [KeyError("k"), KeyError("l")])])
    error.__cause__ = TypeError("t")
    raise caught(error).split(ValueError)[1]


# Handling parts


def tree():
    return ExceptionGroup("g", [ValueError("v"), ExceptionGroup("h", [KeyError("k"), TypeError("t")])])


def case_parts_all():
    try:
        raise tree()
    except* ValueError:
        pass
    except* (LookupError, TypeError):
        pass
    return "nothing"


def case_parts_some():
    try:
        raise tree()
    except* KeyError:
        pass


def case_parts_none():
    try:
        raise tree()
    except* OSError:
        pass


def case_parts_again():
    try:
        raise tree()
    except* KeyError:
        raise
    except* TypeError:
        pass


def case_parts_new():
    try:
        raise tree()
    except* KeyError:
        raise OSError("new")
    except* (TypeError, ValueError):
        pass


def case_parts_new_and_rest():
    try:
        raise tree()
    except* KeyError:
        raise OSError("new")


def case_parts_two_new():
    try:
        raise tree()
    except* KeyError:
        raise OSError("one")
    except* Exception:
        raise OSError("two")


def case_parts_new_and_again():
    try:
        raise tree()
    except* KeyError:
        raise
    except* ValueError:
        raise OSError("new")


def case_parts_plain():
    try:
        raise ValueError("v")
    except* ValueError as group:
        text = repr(group)
    return text


def case_parts_plain_again():
    try:
        raise ValueError("v")
    except* ValueError:
        raise


def case_parts_plain_new():
    try:
        raise ValueError("v")
    except* ValueError:
        raise KeyError("k")


def case_parts_plain_other():
    try:
        raise ValueError("v")
    except* KeyError:
        pass


def case_parts_of_groups():
    try:
        raise tree()
    except* ExceptionGroup:
        pass


def case_parts_new_from():
    try:
        raise tree()
    except* KeyError as part:
        raise OSError("new") from part.exceptions[0]


# Generators


def plain():
    yield 1
    yield 2


def handling():
    try:
        raise KeyError("inside")
    except KeyError:
        yield 1
        raise ValueError("later")


def raising():
    yield 1
    raise ValueError("v")


def seeing():
    while True:
        yield repr(sys.exception())


def case_generator_raises_in_a_handler():
    generator = raising()
    next(generator)
    try:
        raise OSError("outside")
    except OSError:
        next(generator)


def case_generator_handling():
    generator = handling()
    next(generator)
    next(generator)


def case_generator_handling_in_a_handler():
    generator = handling()
    try:
        raise OSError("outside")
    except OSError:
        next(generator)
        next(generator)


def case_generator_handling_leaves_nothing():
    generator = handling()
    next(generator)
    raise TypeError("t")


def case_generator_handles_for_another():
    generator = handling()
    next(generator)
    try:
        raise OSError("outside")
    except OSError:
        try:
            next(generator)
        except ValueError:
            pass
        raise TypeError("t")


def case_throw_in_a_handler():
    generator = plain()
    next(generator)
    try:
        raise OSError("outside")
    except OSError:
        generator.throw(ValueError("v"))


def case_throw_in_a_handler_before_it_began():
    generator = plain()
    try:
        raise OSError("outside")
    except OSError:
        generator.throw(ValueError("v"))


def case_throw_at_one_that_handles():
    generator = handling()
    next(generator)
    generator.throw(ValueError("v"))


def case_generator_sees_what_is_handled():
    generator = seeing()
    seen = [next(generator)]
    try:
        raise OSError("outside")
    except OSError:
        seen.append(next(generator))
    seen.append(next(generator))
    return " ".join(seen)


def stopping():
    yield 1
    raise StopIteration(3)


def case_generator_raises_stop_iteration():
    generator = stopping()
    next(generator)
    next(generator)


def case_send_to_one_that_did_not_begin():
    plain().send(1)


def stubborn():
    while True:
        try:
            yield 1
        except GeneratorExit:
            pass


def case_generator_ignores_its_exit():
    generator = stubborn()
    next(generator)
    generator.close()  # when it is dropped, it ignores that, too, and so it is reported


def raising_at_exit():
    try:
        yield 1
    finally:
        raise ValueError("at exit")


def case_generator_raises_at_its_exit():
    generator = raising_at_exit()
    next(generator)
    generator.close()


def case_generator_raises_at_its_exit_in_a_handler():
    generator = raising_at_exit()
    next(generator)
    try:
        raise OSError("outside")
    except OSError:
        generator.close()


def case_after_the_end():
    generator = plain()
    list(generator)
    generator.throw(ValueError("v"))


def case_send_after_the_end():
    generator = plain()
    list(generator)
    generator.send(3)


def delegating():
    result = yield from raising()
    return result


def case_delegation_raises():
    generator = delegating()
    next(generator)
    next(generator)


def case_delegation_of_stop_iteration():
    def outer():
        yield from stopping()

    generator = outer()
    next(generator)
    next(generator)


def case_send_to_a_list():
    def outer():
        yield from [1, 2]

    generator = outer()
    next(generator)
    try:
        generator.send(3)
    except AttributeError as error:
        return "send" in str(error)


def case_throw_at_a_list():
    def outer():
        yield from [1, 2]

    generator = outer()
    next(generator)
    generator.throw(ValueError("v"))


# Comparing


PLACE = re.compile(r'^[ |]*File ".*\n', re.M)


def without_places(told, seen):
    """Leaves one line of each traceback that is to be printed, without source."""
    if told is None or id(told) in seen:
        return
    seen.add(id(told))
    if told.stack:
        told.stack = traceback.StackSummary.from_list([("", 1, "", "")])
    for other in [told.__cause__, told.__context__, *(told.exceptions or [])]:
        without_places(other, seen)


def run(case):
    try:
        return f"{case()}\n"
    except BaseException as error:
        told = traceback.TracebackException.from_exception(error, compact=True)
        without_places(told, set())
        return PLACE.sub("", "".join(told.format()))


def main():
    answer = subprocess.run(sys.argv[1:], capture_output=True, text=True, check=True).stdout
    theirs = dict(part.split("\n", 1) for part in answer.split("== ")[1:])
    cases = {name[5:]: function for name, function in globals().items() if name.startswith("case_")}
    failures = 0
    for name in sorted(cases | theirs.keys()):
        ours = run(cases[name]) if name in cases else "no case of this name\n"
        given = PLACE.sub("", theirs.get(name, "no case of this name\n"))
        if ours != given:
            failures += 1
            print(f"{name}:\n  Python:\n{ours}\n  Trivet:\n{given}\n")
    print(f"{len(cases)} cases of errors, {failures} failures")
    return failures != 0


if __name__ == "__main__":
    if sys.version_info[:2] != (3, 11):
        print("these texts are Python 3.11's")
        sys.exit(0)
    sys.exit(main())
