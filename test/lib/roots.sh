# shellcheck shell=bash
# test/lib/roots.sh, for programs to source: roots of other Debian suites, made by debootstrap and kept, in which the project
# is tested. Such a program runs as root in a git checkout, from its top folder.

roots=${JUNCTION_ROOTS:-/var/cache/junction}
schemas=${JUNCTION_SCHEMAS:-../shared/schemas}

# prints the mirror of Debian that apt has, by what its downloaded lists say of themselves; nothing if it has none that
# debootstrap can read
apt_mirror() {
    # shellcheck disable=SC2016 # apt-get expands it
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' |
        awk '/^(https?|ftp|file):/ && !found++'
}

# prepare_roots LOCK: installs debootstrap, and sets mirror. Two programs with the same LOCK, a file in $roots, use the same
# roots, so it waits until the other has ended
prepare_roots() {
    if [ "$EUID" != 0 ]; then
        echo "$0: needs root, for debootstrap and chroot" >&2
        exit 1
    fi
    command -v debootstrap >/dev/null || { apt-get update && apt-get install --yes --no-install-recommends debootstrap; }
    # apt may have no lists yet. With no mirror of apt's, debootstrap takes its own default
    mirror=$(apt_mirror)
    [ -n "$mirror" ] || { apt-get update && mirror=$(apt_mirror); } || true
    mkdir -p "$roots"
    exec 9> "$roots/$1"
    flock 9
}

# copy ROOT: the project and the real schemas into it
copy() {
    rm -rf "$1/junction" "$1/schemas"
    mkdir "$1/junction"
    git ls-files -z --cached --others --exclude-standard --deduplicate |
        tar --create --null --files-from - --ignore-failed-read --warning=no-failed-read |
        tar --extract --no-same-owner --directory "$1/junction"
    [ ! -d "$schemas" ] || cp -r "$schemas" "$1/schemas"
}

# in_root ROOT COMMAND...
in_root() {
    chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 JUNCTION_SCHEMAS=/schemas \
        ${http_proxy:+http_proxy="$http_proxy"} sh -c 'cd /junction && exec "$@"' sh "${@:2}"
}
