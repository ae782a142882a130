#!/usr/bin/env bash
# Builds the images and packs them for a host: build-and-deploy.sh --help
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
LIMIT_MB=150 # compressed

usage() {
    cat <<TEXT
usage: deployment/build-and-deploy.sh [TAG] [discord|twitch] [--to USER@HOST] [--dry-run] [--help]

Builds the images pedro-discord and pedro-twitch (or one of them) and packs each into pedro-<service>-<TAG>.tar.gz at the
root of the repository. Then prints the two lines that bring them to a host.

  TAG             default: the git commit, with -dirty if there are changes that are not committed
  --to USER@HOST  carries out these two lines: copies to that host's home directory and deploys there
  --dry-run       only prints what would be done

Needs docker 23 or later (BuildKit), and asks sudo for it if it must. PLATFORM=linux/amd64 by default.
TEXT
}

say() { printf '==> %s\n' "$*"; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

tag='' services=() host='' dry=''
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help)
        usage
        exit 0
        ;;
    --dry-run) dry=1 ;;
    --to)
        [ $# -gt 1 ] || { usage >&2 && exit 2; }
        host=$2
        shift
        ;;
    -*) usage >&2 && exit 2 ;;
    discord | twitch) services+=("$1") ;;
    *)
        [ -z "$tag" ] || die "$1 is neither discord nor twitch, and the tag is $tag already"
        tag=$1
        ;;
    esac
    shift
done
[ ${#services[@]} -gt 0 ] || services=(discord twitch)

commit=$(git -C "$root" rev-parse HEAD 2>/dev/null || true)
if [ -z "$tag" ]; then
    [ -n "$commit" ] || die "this is no git checkout, so there is no commit to name the image by: give a TAG"
    tag=$(git -C "$root" rev-parse --short=12 HEAD)
    [ -z "$(git -C "$root" status --porcelain --untracked-files=no)" ] || tag+=-dirty
fi
[[ $tag =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$ ]] || die "$tag is no tag: letters, digits, dots, dashes and underscores"
docker=(docker)
if [ -z "$dry" ]; then
    command -v docker >/dev/null || die "docker is missing: see deployment/README.md, \"What you need\""
    # Only docker needs to be root: ssh must find the keys of whoever calls this.
    [ "$(id -u)" = 0 ] || docker info >/dev/null 2>&1 || docker=(sudo docker)
fi

# run COMMAND...: with --dry-run it is only printed.
run() {
    if [ -n "$dry" ]; then
        printf 'would run:'
        printf ' %q' "$@"
        printf '\n'
    else
        "$@"
    fi
}

build() {
    say "Building pedro-$1:$tag (the first time takes half an hour)"
    run "${docker[@]}" build --file "$root/Dockerfile.$1" --tag "pedro-$1:$tag" --platform "${PLATFORM:-linux/amd64}" \
        --build-arg VERSION="$tag" --build-arg COMMIT="${commit:-unknown}" --build-arg CREATED="$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
        "$root"
}

# Packed beside its name first: what has the name is whole.
pack() {
    local file=$root/pedro-$1-$tag.tar.gz bytes
    if [ -n "$dry" ]; then
        echo "would run: docker save pedro-$1:$tag | gzip > $file"
        return
    fi
    if ! "${docker[@]}" save "pedro-$1:$tag" | gzip >"$file.part"; then
        rm -f "$file.part"
        die "pedro-$1:$tag could not be saved (is the disk full? df -h)"
    fi
    mv "$file.part" "$file"
    bytes=$(wc -c <"$file")
    say "${file##*/}: $((bytes / 1000000)) MB"
    [ "$bytes" -le $((LIMIT_MB * 1000000)) ] || printf 'warning: that is more than %s MB: what has grown?\n' $LIMIT_MB >&2
}

for service in "${services[@]}"; do
    build "$service" || die "pedro-$service was not built"
    pack "$service"
done

cd "$root"
files=()
for service in "${services[@]}"; do files+=("pedro-$service-$tag.tar.gz"); done
if [ -n "$host" ]; then
    say "Copying to $host"
    run scp "${files[@]}" deployment/deploy-*.sh remote-deploy.sh "$host:~/" || die "$host did not take the files"
    for service in "${services[@]}"; do
        say "Deploying pedro-$service there"
        run ssh -t "$host" ./remote-deploy.sh "$tag" "$service" || die "pedro-$service was not deployed on $host (see above)"
    done
else
    cat <<TEXT

To deploy it, from $root:

    scp ${files[*]} deployment/deploy-*.sh remote-deploy.sh user@100.81.89.62:~/
    ssh -t user@100.81.89.62 ./remote-deploy.sh
TEXT
fi
