# shellcheck shell=bash
# test/lib/work.sh, for programs to source: $work, a folder for the files of a program. It goes when the program ends, and
# so does what else the program makes, if it defines clean, which takes that away.

work=$(mktemp -d "${TMPDIR:-/tmp}/junction-$(basename "$0" .sh).XXXXXX")

clean() {
    :
}

finish() {
    clean || true
    rm -rf "$work"
}
trap finish EXIT

copy_project() {                                        # copy_project FOLDER: without what was built
    local root
    root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
    mkdir "$1"
    tar --create --directory "$root" --exclude '*.o' --exclude '*.bc' --exclude '*.so' Makefile META.json junction.control \
        expected sql src test | tar --extract --no-same-owner --directory "$1"
}
