# SPDX-License-Identifier: MIT
#
# What the scripts in tests/checks/ share: a scratch directory, counting, and the flags
# that compile a program against the tree that was built. Sourced by them, after `make
# check` has set their environment; by hand:
#     top_srcdir=.. top_builddir=. ../tests/checks/layering
#
# A script calls `passed WHAT` and `failed WHAT` as often as it likes and ends with
# `finish`, which prints "N passed, N failed" and exits accordingly. A failure is explained
# before it is counted.

: "${CC:=cc}"
top_srcdir=$(cd "${top_srcdir:=.}" && pwd) || exit 99
top_builddir=$(cd "${top_builddir:=.}" && pwd) || exit 99

passes=0
failures=0
scratch=$(mktemp -d "$top_builddir/checks.XXXXXX.tmp") || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 99' HUP INT TERM

passed()
{
    passes=$((passes + 1))
    echo "ok: $*"
}

failed()
{
    failures=$((failures + 1))
    echo "FAILED: $*"
}

finish()
{
    echo "$passes passed, $failures failed"
    [ "$failures" -eq 0 ] && [ "$passes" -gt 0 ]
    exit
}

# compile PROGRAM SOURCE [FLAG...]: links against the library of the build tree.
compile()
{
    program=$1
    shift
    # Those variables hold several words each.
    # shellcheck disable=SC2086
    $CC -std=gnu11 -g -Wall -Wextra -Wshadow -Wundef -Werror ${SANITIZE-} -pthread \
        -I"$top_srcdir/include" -I"$top_builddir/include" "$@" -o "$program" \
        -L"$top_builddir/.libs" -ltrivet -Wl,-rpath,"$top_builddir/.libs" -lm
}
