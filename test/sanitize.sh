#!/usr/bin/env bash
# test/sanitize.sh HOW [VARIABLE=VALUE...]: runs pg_regress and the isolation tests with the extension, or the whole server,
# watched. What is found ends the test at hand, or is printed behind the tests; then it fails. HOW is
#
# undefined: the extension is built under UndefinedBehaviorSanitizer. Any server will do.
# address: under AddressSanitizer too, whose runtime is preloaded into the server. Not every server bears that: where the
#   server has libp11-kit, which comes with Debian's LDAP, it waits for a lock of libc's for ever, before it has begun.
# valgrind: the server runs under valgrind, at a twentieth of its speed. It has to be built with CPPFLAGS=-DUSE_VALGRIND, so
#   that valgrind knows what palloc gave, and JUNCTION_SUPPRESSIONS is the src/tools/valgrind.supp of its source.
#
# The variables are for make: REGRESS="create key" ISOLATION= runs these two alone. Leaks are not looked for: what palloc
# gives goes with its context, and test/t/memory.sh watches the contexts. A server with assertions trips over one of
# PostgreSQL's own in RollbackAndReleaseCurrentSubTransaction() at the commit that sql/guard.sql makes fail, as it does
# when a deferred trigger of plpgsql catches an error: build it without.
#
# Assumes what test/setup.sh installs; gcc brings the runtimes. Builds in a copy: the objects would be taken for those of
# the next ordinary build.
set -euo pipefail
cd "$(dirname "$0")"

how=${1:-}
shift || true
options='-O1 -fno-sanitize-recover=all -Wno-maybe-uninitialized'
under=(env)                                             # what the server is started by
case $how in
    undefined | address)
        # integers wrap in PostgreSQL; ours must not
        options+=' -fno-wrapv -fsanitize=undefined,float-cast-overflow'
        [ "$how" = undefined ] || {
            options+=' -fsanitize=address'
            under+=("LD_PRELOAD=$(gcc -print-file-name=libasan.so)")
        } ;;
    valgrind)
        options='-O1 -DUSE_VALGRIND'
        [ -f "${JUNCTION_SUPPRESSIONS:-}" ] || { echo "$0: JUNCTION_SUPPRESSIONS is no file" >&2; exit 2; } ;;
    *)
        echo "usage: $0 undefined|address|valgrind [VARIABLE=VALUE...]" >&2
        exit 2 ;;
esac

# shellcheck source=lib/work.sh
. lib/work.sh
unset MAKEFLAGS MFLAGS
export PG_CONFIG=${PG_CONFIG:-pg_config}
export ASAN_OPTIONS="detect_leaks=0:abort_on_error=1:detect_stack_use_after_return=0:log_path=$work/report"
export UBSAN_OPTIONS="abort_on_error=1:print_stacktrace=1:log_path=$work/report"
[ "$how" != valgrind ] || under=(valgrind --quiet --leak-check=no --trace-children=yes --child-silent-after-fork=no
    --suppressions="$JUNCTION_SUPPRESSIONS" --gen-suppressions=all --log-file="$work/report.%p")
chmod a+rwx "$work"                                     # root's server is another user's, and writes its reports here
[ "$how" != address ] || timeout 20 "${under[@]}" "$("$PG_CONFIG" --bindir)/postgres" --version > "$work/version" ||
    { echo "$0: this server does not run with AddressSanitizer preloaded: $("$PG_CONFIG" --bindir)/postgres" >&2; exit 1; }

copy_project "$work/project"
cd "$work/project"
make --silent --jobs "$(nproc)" with_llvm=no COPT="$options"

status=0
# shellcheck disable=SC2016 # the inner bash expands them
test/with-server.sh bash -euc '
    . test/lib/server.sh
    make --silent install with_llvm=no
    as_owner pg_ctl stop --silent --wait --mode fast
    read -r -a under <<< "$1"
    as_owner "${under[@]}" pg_ctl start --silent --wait --timeout 300 --log "$JUNCTION_SERVER_LOG"
    make --silent installcheck with_llvm=no "${@:2}" && status=0 || status=$?
    as_owner pg_ctl stop --silent --wait --timeout 300 --mode fast
    grep -E "TRAP|PANIC|terminated by signal" "$JUNCTION_SERVER_LOG" && status=1
    exit "$status"' sanitize "${under[*]}" "$@" || status=$?
for output in regression.diffs output_iso/regression.diffs "$work"/report.*; do
    [ ! -s "$output" ] || { status=1; echo "== $output"; cat "$output"; }
done
exit "$status"
