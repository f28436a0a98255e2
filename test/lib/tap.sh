# shellcheck shell=bash
# test/lib/tap.sh, for programs to source: tests that print TAP. The last line of a program is done_testing.

# shellcheck source=../lib/work.sh
. "$(dirname "${BASH_SOURCE[0]}")/work.sh"

tests=0
failures=0

report() {                                              # report STATUS NAME [FILE to show if it failed]
    tests=$((tests + 1))
    if [ "$1" = 0 ]; then
        echo "ok $tests - $2"
    else
        failures=$((failures + 1))
        echo "not ok $tests - $2"
        [ -z "${3:-}" ] || sed -n '1,100s/^/# /p' "$3"
    fi
}

works() {                                               # works NAME COMMAND...
    local status=0
    "${@:2}" > "$work/output" 2>&1 < /dev/null || status=1
    report "$status" "$1" "$work/output"
}

is() {                                                  # is NAME GOT EXPECTED
    local status=0
    [ "$2" = "$3" ] || status=1
    printf 'got:      %s\nexpected: %s\n' "$2" "$3" > "$work/output"
    report "$status" "$1" "$work/output"
}

holds() {                                               # holds NAME WRONG: passes if nothing is wrong, else shows it
    local status=0
    [ -z "$2" ] || status=1
    printf '%s\n' "$2" > "$work/output"
    report "$status" "$1" "$work/output"
}

skip_all() {                                            # skip_all REASON: ends the program
    echo "1..0 # SKIP $1"
    exit
}

done_testing() {
    echo "1..$tests"
    [ "$failures" = 0 ]
}
