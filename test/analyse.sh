#!/usr/bin/env bash
# test/analyse.sh: looks at the source without running it: clang's analyzer and cppcheck at the C, shellcheck at the shell
# scripts, perl -c at the Perl. Prints TAP; a program passes if it says nothing.
#
# Assumes clang, cppcheck, shellcheck and perl (test/setup.sh clang cppcheck shellcheck perl), and the headers of
# $PG_CONFIG (default pg_config). Both analyzers read these headers, with assertions on: so they know that ereport(ERROR)
# does not return, as pg_unreachable() calls abort() then, and take what Assert() says for true.
set -euo pipefail
cd "$(dirname "$0")"

# shellcheck source=lib/tap.sh
. lib/tap.sh
cd ..

pg_config=${PG_CONFIG:-pg_config}
headers=$("$pg_config" --includedir-server)
read -r -a flags <<< "-Isrc -I$headers -DUSE_ASSERT_CHECKING=1"
# other headers that PostgreSQL's own lead to, as those of libxml2
read -r -a server_flags <<< "$("$pg_config" --cppflags | sed 's/-D_FORTIFY_SOURCE=[0-9]*//')"

says_nothing() {                                        # says_nothing COMMAND...
    "$@" 2>&1 | tee "$work/said"
    [ ! -s "$work/said" ]
}

each_source() {                                         # each_source COMMAND...: a few files a process, one process a core
    printf '%s\0' src/*.c src/*/*.c | xargs --null --max-procs "$(nproc)" --max-args 4 "$@"
}

# Left out: unknownEvaluationOrder, which takes the two cells of PostgreSQL's list_make2() for side effects without
# order; gcc's -Wsequence-point, which -Wall has, knows better. What is said of the headers themselves is PostgreSQL's.
# The macros tell cppcheck of the compiler: without, it would follow what is there for old ones.
cppcheck_source() {
    each_source cppcheck --quiet --enable=warning,portability,performance --std=c99 --inline-suppr "${flags[@]}" \
        -D__GNUC__=12 -D__x86_64__=1 -D__STDC_VERSION__=199901L -DJUNCTION_VERSION='""' \
        --suppress=unknownEvaluationOrder --suppress="*:$headers/*"
}

clang_source() {
    each_source clang --analyze --analyzer-output text "${flags[@]}" "${server_flags[@]}" -DJUNCTION_VERSION='""'
}

# the shell scripts, whatever their names: by their first line
shell_scripts() {
    grep --recursive --files-with-matches --binary-files=without-match --extended-regexp \
        '^#!.*\b(bash|sh)$|^# shellcheck shell=' .ci test
}

shellcheck_scripts() {
    shell_scripts | xargs shellcheck
}

perl_compiles() {
    local program
    for program in test/*/*.pl src/client/*.p[lm]; do
        perl -wc "$program" 2>&1 | grep --invert-match ' syntax OK$' || true
    done
}

# a program that is not there would say something, too, but not why
for program in clang cppcheck shellcheck perl; do
    works "$program is there" command -v "$program"
done
works "clang's analyzer finds nothing in src/" says_nothing clang_source
works "cppcheck finds nothing in src/" says_nothing cppcheck_source
works "shellcheck finds nothing in the shell scripts" says_nothing shellcheck_scripts
works "perl compiles the Perl programs without a warning" says_nothing perl_compiles
done_testing
