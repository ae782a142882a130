#!/usr/bin/env bash
# What deploy-discord.sh and deploy-twitch.sh have in common; they read it from beside them. It does nothing by itself.
# They set SERVICE and PORT, and define unit_text, before they call deploy_main.
# shellcheck disable=SC2154,SC2317 # `here` and the callers of these functions are in the scripts that read this

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    echo "deploy-lib.sh holds what deploy-discord.sh and deploy-twitch.sh have in common; run one of these, or remote-deploy.sh"
    [ "${1:-}" = --help ] && exit 0
    exit 2
fi

ROOT_DIR=${PEDRO_ROOT:-} # for the tests: what stands for / on this host
# shellcheck source=deployment/deploy-wait.sh
. "$here/deploy-wait.sh"

say() { printf '==> %s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# --- doing things as root, or only saying them ----------------------------------------------------
SUDO=()
[ "$(id -u)" = 0 ] || SUDO=(sudo)

root() { "${SUDO[@]}" "$@"; }

# change COMMAND...: runs it as root; with --dry-run it is only printed.
change() {
    if [ -n "$dry" ]; then
        printf 'would run:'
        printf ' %q' "${SUDO[@]}" "$@"
        printf '\n'
    else
        root "$@"
    fi
}

# --- the command line -----------------------------------------------------------------------------
usage() {
    cat <<TEXT
usage: deploy-$SERVICE.sh [TAG | pedro-$SERVICE-TAG.tar.gz] [--rollback] [--dry-run] [--help]

Deploys Pedro's $SERVICE bot on this host, as root or with sudo: loads the image, installs the systemd unit
pedro-$SERVICE, starts it, and waits until http://127.0.0.1:$PORT/readyz is green. If that does not come, the image and
the unit from before are put back. Running it again is safe: it restarts the bot.

  TAG          which image; without it, the newest pedro-$SERVICE-*.tar.gz beside this script. If there is no tarball
               of that tag, an image pedro-$SERVICE:TAG that docker has already
  --rollback   goes back to the image from before
  --dry-run    only prints what would be changed

Needs /opt/pedro/prod.env, which it never writes. READY_TIMEOUT=$READY_TIMEOUT in the environment: seconds to wait for /readyz; if somebody
must sign the bot in first, the script shows how, and waits for SIGN_IN_TIMEOUT=$SIGN_IN_TIMEOUT.
TEXT
}

parse_arguments() {
    local argument
    dry='' rollback='' tag='' tarball=''
    for argument; do
        case $argument in
        -h | --help)
            usage
            exit 0
            ;;
        --dry-run) dry=1 ;;
        --rollback) rollback=1 ;;
        -*) usage >&2 && exit 2 ;;
        *.tar.gz) tarball=$argument ;;
        *)
            [ -z "$tag" ] || { usage >&2 && exit 2; }
            tag=$argument
            ;;
        esac
    done
    [ -z "$rollback" ] || [ -z "$tag$tarball" ] || die "--rollback goes back to the image from before: give it no tag"
}

# tag_of FILE: pedro-discord-v1.2-rc.1.tar.gz -> v1.2-rc.1; fails for a file of another name.
tag_of() {
    local name=${1##*/}
    [[ $name == pedro-$SERVICE-*.tar.gz ]] || return 1
    name=${name#pedro-"$SERVICE"-}
    name=${name%.tar.gz}
    is_tag "$name" && echo "$name"
}

# What docker takes as a tag.
is_tag() { [[ $1 =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$ ]]; }

# find_image: sets `tag`, and `tarball` if there is one.
find_image() {
    local file newest=''
    if [ -n "$tarball" ]; then
        [ -f "$tarball" ] || die "$tarball is not there"
        tag=$(tag_of "$tarball") || die "${tarball##*/} is no image of this bot: its name should be pedro-$SERVICE-TAG.tar.gz"
    elif [ -n "$tag" ]; then
        is_tag "$tag" || die "$tag is no tag: letters, digits, dots, dashes and underscores"
        [ ! -f "$here/pedro-$SERVICE-$tag.tar.gz" ] || tarball=$here/pedro-$SERVICE-$tag.tar.gz
    else
        for file in "$here"/pedro-"$SERVICE"-*.tar.gz; do
            if [ ! -f "$file" ] || ! tag_of "$file" >/dev/null; then continue; fi
            [ -n "$newest" ] && [ ! "$file" -nt "$newest" ] || newest=$file
        done
        [ -n "$newest" ] || die "there is no pedro-$SERVICE-TAG.tar.gz in $here: make one with deployment/build-and-deploy.sh
  and copy it here, or name a tag that docker has already"
        tarball=$newest tag=$(tag_of "$newest")
    fi
}

# --- what must be there ---------------------------------------------------------------------------
check_host() {
    local program missing=''
    for program in docker systemctl curl "${SUDO[@]}"; do
        command -v "$program" >/dev/null || missing+=" $program"
    done
    [ -z "$missing" ] || die "this host lacks:$missing
  on Debian: apt-get install curl docker.io (or docker-ce from Docker's own repository); without sudo, run this as root"
    check_environment
}

# prod.env holds the operator's secrets: it is read, checked, and never written.
check_environment() {
    local text line number=0
    env_file=$ROOT_DIR/opt/pedro/prod.env
    if ! root test -f "$env_file"; then
        die "$env_file is missing: it holds the tokens and addresses of your Pedro. Make it, fill it in and run this again:
    ${SUDO[*]:+sudo }install -d -m 755 ${env_file%/*}
    ${SUDO[*]:+sudo }install -m 600 /dev/null $env_file
    ${SUDO[*]:+sudo }\${EDITOR:-nano} $env_file
  It needs at least $(required_options), one NAME=value a line.
  deployment/prod.env.example in the repository lists everything, with what it is for. Nothing was changed."
    fi
    text=$(root cat "$env_file")
    while IFS= read -r line; do
        number=$((number + 1))
        # docker hands quotes on as part of the value: a token with quotes is a wrong token.
        [[ ! $line =~ ^[A-Za-z_][A-Za-z0-9_]*=[\"\'] ]] ||
            warn "$env_file, line $number (${line%%=*}): docker does not remove quotes; write the value without them"
        [[ ! $line =~ ^export[[:space:]] ]] ||
            warn "$env_file, line $number: docker does not know 'export'; write NAME=value"
    done <<<"$text"
    [ -z "$(root find "$env_file" -perm /o=r)" ] || warn "$env_file can be read by everybody: chmod 600 $env_file"
    find_address "$(sed -n 's/^PEDRO_LISTEN=//p' <<<"$text" | tail -n 1)"
}

required_options() {
    case $SERVICE in
    discord) echo "DISCORD_TOKEN and DATABASE_URL" ;;
    twitch) echo "TWITCH_CHANNEL, TWITCH_ID (or TWITCH_TOKEN) and DATABASE_URL" ;;
    esac
}

# find_address LISTEN: where /readyz is, if the operator moved the pages (PEDRO_LISTEN=0.0.0.0:7000).
find_address() {
    local listen=${1%$'\r'} host
    [ -n "$listen" ] || listen=0.0.0.0:$PORT
    host=${listen%:*}
    case $host in
    0.0.0.0 | '[::]') host=127.0.0.1 ;;
    esac
    ready_url=http://$host:${listen##*:}/readyz
}

# --- images ---------------------------------------------------------------------------------------
# The unit runs pedro-SERVICE:current. `previous` is the one before it that was ready. `before` is what `current` was when this
# began: an image without a name could be gone by the time it is needed.

has_image() { root docker image inspect "$1" >/dev/null 2>&1; }

# image_id REFERENCE: empty if docker has no such image.
image_id() { root docker image inspect --format '{{.Id}}' "$1" 2>/dev/null || true; }

load_image() {
    local told names
    if [ -z "$tarball" ]; then
        has_image "$unit:$tag" ||
            die "there is neither pedro-$SERVICE-$tag.tar.gz in $here nor an image $unit:$tag in docker"
        say "docker has $unit:$tag already"
        return
    fi
    say "Loading $unit:$tag from ${tarball##*/}"
    if [ -n "$dry" ]; then
        change docker load --input "$tarball"
        return
    fi
    told=$(root docker load --input "$tarball") ||
        die "docker could not load $tarball: it may be cut off (copy it again) or the disk full (df -h). Nothing was changed."
    # A tarball that was renamed, or made from another image, must not pass for the tag in its name.
    names=$(sed -n 's/^Loaded image: *//p' <<<"$told")
    if [ -n "$names" ]; then
        grep -qE "(^|/)$unit:${tag//./\\.}\$" <<<"$names" ||
            die "$tarball holds $(xargs <<<"$names") and not $unit:$tag: was it renamed? Nothing was changed."
    fi
    has_image "$unit:$tag" || die "docker loaded $tarball, but no $unit:$tag came of it: $told. Nothing was changed."
}

# Old images fill the disk. What runs and what ran before stays; tags that docker will not remove stay, too.
forget_old_images() {
    local reference id kept
    kept=" $(image_id "$unit:current") $(image_id "$unit:previous") "
    while read -r reference id; do
        if [ -z "$id" ] || [[ $kept == *" $id "* ]]; then continue; fi
        root docker image rm "$reference" >/dev/null 2>&1 && say "Removed the old image $reference"
    done < <(root docker image ls --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}' "$unit")
    return 0
}

# --- the unit -------------------------------------------------------------------------------------
# install_unit: writes the unit if it is another. What was there before stays beside it, for putting back.
install_unit() {
    if root test -f "$unit_file"; then
        ! unit_text | root cmp -s - "$unit_file" || return 0
        say "$unit_file is not this version's: it is replaced, the old one is kept as $unit.service.before
    (what you changed in it yourself belongs into a drop-in: systemctl edit $unit)"
        change cp -p "$unit_file" "$unit_file.before" || return
        unit_changed=replaced
    else
        say "Installing $unit_file"
        unit_changed=new
    fi
    if [ -n "$dry" ]; then
        echo "would write: $unit_file"
    else
        # In one move: nobody reads half a unit.
        unit_text | root tee "$unit_file.new" >/dev/null && root chmod 644 "$unit_file.new" &&
            root mv "$unit_file.new" "$unit_file"
    fi
}

restart_unit() {
    change systemctl daemon-reload && change systemctl enable --quiet "$unit" && change systemctl restart "$unit"
}

# --- going back -----------------------------------------------------------------------------------
# go_back: the image and the unit from before, if there were any. Always ends the script with a failure.
go_back() {
    local back=''
    last_log_lines
    if [ "$unit_changed" = replaced ]; then
        root mv "$unit_file.before" "$unit_file" && [ -n "$was_active" ] && back="the unit from before"
    fi
    if [ -n "$target" ]; then
        root docker tag "$target" "$unit:current" && back="the image from before ($(tags_of "$target"))"
    elif [ -n "$image_before" ]; then
        warn "this image is the one that ran before, so there is no other to go back to"
    else
        warn "there is no image from before to go back to"
        # An old installation's unit does not know the tag: the next deployment must not take it for one that was ready.
        [ -z "$back" ] || root docker image rm "$unit:current" >/dev/null || true
    fi
    if [ -z "$back" ]; then
        root systemctl daemon-reload || true
        root systemctl stop "$unit" || true
        die "$unit:$tag did not get ready, and $unit is stopped now: mend what its log says, then run this again"
    fi
    say "Going back to $back"
    { restart_unit && wait_ready "$ROLLBACK_TIMEOUT"; } ||
        die "$unit:$tag did not get ready, and $back did not either: see journalctl -u $unit. systemd keeps trying."
    die "$unit:$tag did not get ready; $back runs again, and is ready"
}

# tags_of ID: what the image is called, for people.
tags_of() {
    root docker image ls --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}' "$unit" |
        awk -v id="$1" '$2 == id && $1 !~ /:(before|current|previous)$/ { print $1 }' | xargs
}

# --- the whole ------------------------------------------------------------------------------------
remember() {
    image_before=$(image_id "$unit:current")
    local previous
    previous=$(image_id "$unit:previous")
    was_active=''
    ! root systemctl is-active --quiet "$unit" || was_active=1
    new=$(image_id "$unit:$tag")
    # What to go back to: what ran until now or, if that is this very image, what ran before it.
    target=$image_before
    [ "$target" != "$new" ] || target=$previous
    [ "$target" != "$new" ] || target=''
}

swap_back() {
    local current previous
    current=$(image_id "$unit:current") previous=$(image_id "$unit:previous")
    if [ -z "$previous" ] || [ "$previous" = "$current" ]; then die "there is no image from before to go back to"; fi
    tag=previous
    change docker tag "$previous" "$unit:current"
    [ -z "$current" ] || change docker tag "$current" "$unit:previous"
    change systemctl restart "$unit"
    [ -z "$dry" ] || exit 0
    wait_ready "$READY_TIMEOUT" || { last_log_lines && die "the image from before did not get ready: see journalctl -u $unit"; }
    say "$unit runs the image from before again ($(tags_of "$previous"))"
}

deploy_main() {
    parse_arguments "$@"
    unit=pedro-$SERVICE unit_changed=''
    unit_file=$ROOT_DIR/etc/systemd/system/$unit.service
    [ -n "$rollback" ] || find_image
    check_host
    exec 9<"$here/deploy-lib.sh"
    flock -n 9 || die "another deployment is under way on this host"
    if [ -n "$rollback" ]; then
        swap_back
        return
    fi
    load_image
    remember
    [ -n "$dry" ] || trap 'trap - INT; echo; warn interrupted; go_back' INT
    [ -z "$image_before" ] || change docker tag "$unit:current" "$unit:before"
    if ! { change docker tag "$unit:$tag" "$unit:current" && install_unit && restart_unit; }; then
        warn "$unit could not be started"
        go_back
    fi
    [ -z "$dry" ] || return 0
    wait_ready "$READY_TIMEOUT" || go_back
    # Only now: should this image have failed, the one before the one before would still be known.
    [ -z "$image_before" ] || [ "$image_before" = "$new" ] || root docker tag "$unit:before" "$unit:previous"
    trap - INT
    forget_old_images
    say "$unit:$tag runs and is ready. Its log: journalctl -fu $unit"
}
