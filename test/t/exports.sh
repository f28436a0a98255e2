#!/usr/bin/env bash
# test/t/exports.sh: the installed library exports what PostgreSQL looks up in it, and nothing else: another library with
# a function of the same name as one of ours must not be called in its place. Prints TAP.
#
# Assumes that junction is installed where $PG_CONFIG (default pg_config) says, as an ELF library. A C function of the
# extension is known by the pg_finfo_ beside it.
set -euo pipefail
cd "$(dirname "$0")"
. ../lib/tap.sh

library=$("${PG_CONFIG:-pg_config}" --pkglibdir)/junction.so
symbols=$(nm --dynamic --defined-only --format=posix "$library" | cut -d ' ' -f 1)
functions=$(sed -n 's/^pg_finfo_\(junction_\)/\1/p' <<< "$symbols")
expected=$(printf '%s\n' Pg_magic_func _PG_init)
for function in $functions; do
    expected+=$'\n'$function$'\n'pg_finfo_$function
done

holds 'the library has C functions' "$([ -n "$functions" ] || echo "no pg_finfo_junction_* in $library")"
holds 'it exports nothing that PostgreSQL does not look up' \
    "$(grep --invert-match --line-regexp --fixed-strings "$expected" <<< "$symbols")"
holds 'it exports all that PostgreSQL looks up' \
    "$(grep --invert-match --line-regexp --fixed-strings "$symbols" <<< "$expected")"
done_testing
