# Shared by ./run and ./test: install what is missing, build. Sourced, not run.

say() { printf '%s\n' "$*" >&2; }

# install_missing LIST...: apt-installs only the packages of the lists that are not there.
install_missing() {
    command -v dpkg-query >/dev/null 2>&1 || {
        say "unbrick: this is not a Debian system, so missing packages cannot be installed for you."
        say "The packages it needs are listed in packaging/packages-build.txt (names as in Debian 12)."
        return 0
    }
    local wanted missing=() name
    wanted=$(sed -e 's/#.*//' "$@" | tr -s ' \n' '\n' | sed '/^$/d')
    local have
    # shellcheck disable=SC2086
    have=$(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' $wanted 2>/dev/null | sed -n 's/^ii *//p' | sort -u) || true
    for name in $wanted; do
        grep -qxF -- "$name" <<<"$have" || missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        if command -v sudo >/dev/null 2>&1; then
            as_root=(sudo)
            [ -t 0 ] || as_root=(sudo -n)
        else
            say "unbrick: these packages are missing and there is no sudo to install them with:"
            say "  ${missing[*]}"
            say "As root: apt-get install ${missing[*]}"
            return 1
        fi
    fi
    say "unbrick: installing ${#missing[@]} missing package(s): ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    if ! "${as_root[@]}" apt-get update -qq >&2 ||
       ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2; then
        say "unbrick: the packages could not be installed. Is there a network, and may this user use sudo?"
        say "By hand: apt-get install ${missing[*]}"
        return 1
    fi
}

# build_preset NAME [TARGET...]
build_preset() {
    local preset=$1
    shift
    local targets=() tool
    for tool in cmake ninja c++; do
        command -v "$tool" >/dev/null 2>&1 || {
            say "unbrick: $tool is not here, and building needs it (packaging/packages-build.txt lists all that is needed)."
            return 1
        }
    done
    [ $# -gt 0 ] && targets=(--target "$@")
    local words
    if ! words=$(cmake --preset "$preset" 2>&1); then
        say "$words"
        say "unbrick: configuring failed; is a package of packaging/packages-build.txt missing?"
        return 1
    fi
    if ! cmake --build --preset "$preset" "${targets[@]}" >&2; then
        say "unbrick: building failed; the compiler's words are above"
        return 1
    fi
}
