#!/usr/bin/env bash
# How deploy-lib.sh waits for a bot that was started; it reads this from beside it. It does nothing by itself.
# shellcheck disable=SC2154,SC2317 # deploy-lib.sh and its readers set the variables and call the functions

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    echo "deploy-wait.sh is a part of deploy-lib.sh; run deploy-discord.sh, deploy-twitch.sh or remote-deploy.sh"
    [ "${1:-}" = --help ] && exit 0
    exit 2
fi

READY_TIMEOUT=${READY_TIMEOUT:-120}
ROLLBACK_TIMEOUT=${ROLLBACK_TIMEOUT:-60}
SIGN_IN_TIMEOUT=${SIGN_IN_TIMEOUT:-1800}
SETTLE=${SETTLE:-5} # seconds after which it must be ready still
POLL=${POLL:-2}

is_ready() { curl --fail --silent --max-time 5 --noproxy '*' --output /dev/null "$ready_url"; }

# What is not ready, in the bot's own words.
complaint() {
    local body red
    body=$(curl --silent --max-time 5 --noproxy '*' "$ready_url" 2>/dev/null) || { echo "nothing answers there yet" && return; }
    red=$(grep -oE '"[a-z]+":\{"ok":false,"detail":"[^"]*"' <<<"$body" | sed -E 's/^"([a-z]+)".*"detail":"(.*)"$/\1: \2/')
    printf '%s\n' "${red:-${body:0:300}}"
}

restarts() { root systemctl show --property NRestarts --value "$unit" 2>/dev/null || true; }

# Whose turn it is if Twitch knows nobody: the line in the log that says where to go, with which code.
sign_in_line() {
    root journalctl --unit "$unit" --lines 200 --output cat --no-pager 2>/dev/null |
        grep -o 'Pedro must be let into Twitch: [^"]*' | tail -n 1 || true
}

# wait_ready SECONDS: until /readyz is green, and still is a moment later. Fails early if the bot keeps ending.
wait_ready() {
    local end=$((SECONDS + $1)) told='' now code='' extended='' begun
    begun=$(restarts)
    say "Waiting for $ready_url (up to $1 s)"
    while :; do
        if is_ready; then
            sleep "$SETTLE"
            # Green must be the new process's own: it runs, and it has not ended meanwhile.
            if is_ready && root systemctl is-active --quiet "$unit" && [ "$(restarts)" = "$begun" ]; then return 0; fi
        fi
        now=$(complaint)
        [ "$now" = "$told" ] || printf '    %s\n' "${now//$'\n'/$'\n'    }"
        told=$now
        if [[ $now == *"nobody has signed Pedro in"* ]]; then
            [ -n "$extended" ] || end=$((SECONDS + SIGN_IN_TIMEOUT))
            extended=1
            now=$(sign_in_line)
            [ "$now" = "$code" ] || printf '\n    %s\n\n' "$now"
            code=$now
        fi
        now=$(restarts)
        if [[ $begun$now =~ ^[0-9]+$ ]] && [ "$now" -ge $((begun + 3)) ]; then
            warn "$unit ended $((now - begun)) times since it was started"
            return 1
        fi
        [ $SECONDS -lt "$end" ] || return 1
        sleep "$POLL"
    done
}

last_log_lines() {
    say "The last lines of its log (journalctl -u $unit):"
    root journalctl --unit "$unit" --lines 15 --output cat --no-pager 2>/dev/null | sed 's/^/    /' || true
}
