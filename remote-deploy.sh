#!/usr/bin/env bash
# Deploys, on this host, every pedro-<service>-<TAG>.tar.gz beside this script: remote-deploy.sh --help
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
SERVICES=(discord twitch)

usage() {
    cat <<TEXT
usage: ./remote-deploy.sh [TAG] [discord|twitch] [--dry-run] [--help]

Run it on the host where Pedro lives, as root or with sudo, in the folder with what was copied there:

    scp pedro-discord-TAG.tar.gz deployment/deploy-*.sh remote-deploy.sh user@host:~/

For each service with a pedro-<service>-<TAG>.tar.gz beside it (the newest, or the one of TAG) it calls
deploy-<service>.sh, which loads the image, installs the systemd unit, restarts, waits for /readyz, and puts back what ran
before if that does not come. One service that fails does not hold up the other; the exit code tells.
TEXT
}

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

tag='' wanted=() options=()
for argument; do
    case $argument in
    -h | --help)
        usage
        exit 0
        ;;
    --dry-run) options+=("$argument") ;;
    -*) usage >&2 && exit 2 ;;
    discord | twitch) wanted=("$argument") ;;
    *)
        [ -z "$tag" ] || { usage >&2 && exit 2; }
        tag=$argument
        ;;
    esac
done
[ ${#wanted[@]} -gt 0 ] || wanted=("${SERVICES[@]}")

# script_of SERVICE: beside this script, as it was copied, or in the repository.
script_of() {
    local folder
    for folder in "$here" "$here/deployment"; do
        [ ! -f "$folder/deploy-$1.sh" ] || { echo "$folder/deploy-$1.sh" && return; }
    done
    return 1
}

# newest_of SERVICE: the tarball that was copied last.
newest_of() {
    local file newest=''
    for file in "$here/pedro-$1-"*.tar.gz; do
        [ -f "$file" ] || continue
        [ -n "$newest" ] && [ ! "$file" -nt "$newest" ] || newest=$file
    done
    echo "$newest"
}

for file in "$here"/pedro-*.tar.gz; do
    [ -f "$file" ] || continue
    case ${file##*/} in
    pedro-discord-* | pedro-twitch-*) ;;
    *) printf 'warning: %s is left alone: nothing here deploys such a service (only %s)\n' "${file##*/}" "${SERVICES[*]}" >&2 ;;
    esac
done

deployed=() failed=()
for service in "${wanted[@]}"; do
    if [ -n "$tag" ]; then
        file=$here/pedro-$service-$tag.tar.gz
        [ -f "$file" ] || continue
    else
        file=$(newest_of "$service")
        [ -n "$file" ] || continue
    fi
    script=$(script_of "$service") || die "deploy-$service.sh is missing beside $0: copy deployment/deploy-*.sh, all of them"
    printf '=== pedro-%s\n' "$service"
    if bash "$script" "$file" ${options[@]+"${options[@]}"}; then deployed+=("$service"); else failed+=("$service"); fi
done

[ ${#deployed[@]} -gt 0 ] || [ ${#failed[@]} -gt 0 ] ||
    die "there is no pedro-${wanted[0]}-${tag:-TAG}.tar.gz in $here${wanted[1]:+, nor one of ${wanted[1]}}: make it with deployment/build-and-deploy.sh and copy it here"
[ ${#deployed[@]} = 0 ] || [ ${#options[@]} -gt 0 ] || printf '=== deployed: %s\n' "${deployed[*]}"
[ ${#failed[@]} = 0 ] || die "not deployed: ${failed[*]} (see above)"
