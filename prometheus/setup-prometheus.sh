#!/usr/bin/env bash
# Sets up the Prometheus of this host for Pedro: setup-prometheus.sh --help. Needs prometheus.yml beside it and nothing else
# of the repository: the rules travel in here.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
DISCORD=${PEDRO_DISCORD_TARGET:-100.81.89.62:6060}
TWITCH=${PEDRO_TWITCH_TARGET:-100.81.89.62:6061}
MODEL=${PEDRO_MODEL_URL:-https://pedro-gpu.tail6fbc5.ts.net}
CONFIG_DIR=${PROMETHEUS_DIR:-/etc/prometheus}
UNIT=${PROMETHEUS_UNIT:-prometheus}
URL=${PROMETHEUS_URL:-http://127.0.0.1:9090}
TIMEOUT=${READY_TIMEOUT:-60}
POLL=${POLL:-1}

usage() {
    cat <<TEXT
usage: ./setup-prometheus.sh [--replace] [--dry-run] [--help]

Run it on the host of Prometheus, as root or with sudo, with prometheus.yml beside it. It writes the configuration and the
rules to $CONFIG_DIR, has promtool check them first, and only then restarts $UNIT. If Prometheus does not get
ready, what was there before is put back. If nothing has changed, nothing is restarted.

  --replace   also if the configuration that is there has jobs of its own, which would be gone (a copy stays)
  --dry-run   checks, and only prints what would be changed

Environment, with what holds now:
  PEDRO_DISCORD_TARGET  $DISCORD
  PEDRO_TWITCH_TARGET   $TWITCH
  PEDRO_MODEL_URL       $MODEL
  PROMETHEUS_DIR        $CONFIG_DIR
  PROMETHEUS_UNIT       $UNIT (systemd's name of it)
  PROMETHEUS_URL        $URL (where it answers on this host)
TEXT
}

# embedded by deployment/embed: prometheus/rules/pedro.yml
rules_text() {
    cat <<'PEDRO_FILE'
# When Pedro needs somebody. docs/runbook.md has a section on each of these: what it means, what to look at, what to do,
# and a command that makes it fire. grafana/generate.py makes Grafana's alert rules of the same expressions.
# Checked by: promtool check rules rules/pedro.yml; promtool test rules tests/*.yml
#
# severity: critical  people notice it: Pedro is silent, or loses what is said
#           warning   it will be so soon, or something works badly
#           info      good to know; nobody is woken up
groups:
  # Operators have had these for long: their expressions are kept as they are.
  - name: pedro
    rules:
      - alert: PedroSlow
        expr: histogram_quantile(0.95, rate(http_request_duration_seconds_bucket{job=~"pedro-discord|pedro-twitch"}[5m])) > 2
        for: 5m
        labels: { severity: info }
        annotations:
          summary: "{{ $labels.job }}: {{ $labels.handler }} takes {{ $value | humanizeDuration }}"
          description: One request or answer in twenty takes longer than 2 s. For answers (handler "ask") of a slow local model that is usual.

      - alert: PedroModelErrors
        expr: rate(pedro_model_errors_total[5m]) / rate(pedro_model_requests_total[5m]) > 0.1
        for: 5m
        labels: { severity: warning }
        annotations:
          summary: "{{ $labels.job }}: {{ $value | humanizePercentage }} of the model's calls for {{ $labels.purpose }} fail"
          description: More than one in ten. pedro_model_failures_total tells the reasons.

      - alert: PedroQueueLong
        expr: pedro_queue_depth > 50
        for: 1m
        labels: { severity: warning }
        annotations:
          summary: "{{ $labels.job }}: {{ $value }} questions wait for their answer"
          description: People ask faster than the model answers, or it does not answer.

      - alert: PedroGenerationsFail
        expr: rate(failed_llm_gen_count[5m]) / (rate(successful_llm_gen_count[5m]) + rate(failed_llm_gen_count[5m])) > 0.1
        for: 5m
        labels: { severity: warning }
        annotations:
          summary: "{{ $labels.job }}: {{ $value | humanizePercentage }} of the model's calls fail"
          description: More than one in ten.

      - alert: PedroGenerationsEmpty
        expr: rate(empty_llm_response_count[5m]) / rate(successful_llm_gen_count[5m]) > 0.2
        for: 5m
        labels: { severity: warning }
        annotations:
          summary: "{{ $labels.job }}: the model often answers without a word"
          description: For five texts there is more than one answer that is empty.

      - alert: PedroWebSearchFails
        expr: rate(web_search_fail_count[5m]) > 0.5
        for: 2m
        labels: { severity: warning }
        annotations:
          summary: "{{ $labels.job }}: {{ $value | humanize }} searches of the web fail every second"
          description: Plans go on without what they would have found, and say so.

  - name: pedro-lives
    rules:
      - alert: PedroDown
        expr: up{job=~"pedro-discord|pedro-twitch"} == 0
        for: 2m
        labels: { severity: critical }
        annotations:
          summary: "{{ $labels.job }} does not answer at {{ $labels.instance }}"
          description: The process is not there, hangs, or Prometheus cannot reach it.

      - alert: PedroRestarts
        expr: changes(process_start_time_seconds{job=~"pedro-discord|pedro-twitch"}[15m]) > 2
        labels: { severity: critical }
        annotations:
          summary: "{{ $labels.job }} was started {{ $value }} times in 15 minutes"
          description: It dies soon after its start, again and again.

      - alert: PedroNotConnected
        expr: pedro_connected == 0
        for: 3m
        labels: { severity: critical }
        annotations:
          summary: "Pedro is not in {{ $labels.platform }}'s chat"
          description: The bot runs and hears nothing; it tries to connect.

      - alert: PedroHearsNothing
        expr: pedro_last_event_age_seconds > 300
        for: 1m
        labels: { severity: critical }
        annotations:
          summary: "Nothing was heard of {{ $labels.platform }} for {{ $value | humanizeDuration }}"
          description: Even in a silent chat the platform itself is heard every minute or so.

      - alert: PedroReconnects
        expr: sum by (job, instance, platform) (increase(pedro_reconnects_total[15m])) > 10
        labels: { severity: warning }
        annotations:
          summary: "{{ $labels.job }} connected to {{ $labels.platform }} anew {{ $value | humanize }} times in 15 minutes"
          description: The connection does not hold.

      - alert: PedroTokenExpires
        expr: pedro_token_expiry_seconds < 300
        for: 2m
        labels: { severity: critical }
        annotations:
          summary: "Twitch's token is good for {{ $value | humanizeDuration }} more"
          description: Pedro renews it 10 minutes before its end. That does not work; at 0 nobody is signed in.

  - name: pedro-neighbours
    rules:
      - alert: PedroDatabaseAway
        expr: pedro_ready{check="database"} == 0
        for: 1m
        labels: { severity: critical }
        annotations:
          summary: "{{ $labels.job }}: PostgreSQL does not answer"
          description: Lines wait in the bot, up to 20,000; what is beyond that is lost.

      - alert: PedroModelAway
        expr: pedro_ready{check="model"} == 0
        for: 3m
        labels: { severity: critical }
        annotations:
          summary: "{{ $labels.job }}: no model server answers"
          description: Lines are stored and commands answered. Questions wait, 15 minutes on Twitch.

      - alert: PedroModelServerDown
        expr: up{job="llama-cpp"} == 0
        for: 3m
        labels: { severity: warning }
        annotations:
          summary: "The model server {{ $labels.instance }} tells no figures"
          description: It is away, or was started without --metrics. With several, the others do its work.

  - name: pedro-works
    rules:
      - alert: PedroLosesMessages
        expr: sum by (job, instance, platform, reason) (increase(pedro_messages_dropped_total{reason!="busy"}[10m])) > 0
        labels: { severity: critical }
        annotations:
          summary: "{{ $labels.job }} lost {{ $value | humanize }} messages ({{ $labels.reason }})"
          description: What was said was not stored. It is not known to Pedro's memory.

      - alert: PedroBusy
        expr: sum by (job, instance, platform) (increase(pedro_messages_dropped_total{reason="busy"}[10m])) > 10
        labels: { severity: warning }
        annotations:
          summary: "{{ $labels.job }}: {{ $value | humanize }} commands or unaddressed questions were let go"
          description: They were stored, but more came at once than Pedro could look at.

      - alert: PedroBufferFills
        expr: pedro_messages_waiting > 2000
        for: 1m
        labels: { severity: warning }
        annotations:
          summary: "{{ $labels.job }}: {{ $value }} lines wait for the database"
          description: There is room for 20,000. The database is away or slow.

      - alert: PedroEmbeddingsLag
        expr: min_over_time(pedro_embedding_lag_messages[15m]) > 500 and delta(pedro_embedding_lag_messages[15m]) >= 0
        for: 5m
        labels: { severity: warning }
        annotations:
          summary: "{{ $labels.job }}: {{ $value }} messages have no embedding, and they do not become fewer"
          description: Until they have one, they are found by their words only.

      - alert: PedroQueueStuck
        expr: pedro_queue_oldest_seconds > 1200
        for: 1m
        labels: { severity: warning }
        annotations:
          summary: "{{ $labels.job }}: somebody has waited for {{ $value | humanizeDuration }}"
          description: The model is much too slow, or questions are not taken from the queue.

      - alert: PedroAnswersVerySlow
        expr: histogram_quantile(0.5, sum by (job, instance, le) (rate(pedro_reply_duration_seconds_bucket{kind="answer"}[15m]))) > 300
        for: 5m
        labels: { severity: warning }
        annotations:
          summary: "{{ $labels.job }}: half of the answers take longer than {{ $value | humanizeDuration }}"
          description: Longer than five minutes, even for a slow local model.

      - alert: PedroPlansFail
        expr: sum by (job, instance) (rate(pedro_plans_total{outcome="failed"}[15m])) / sum by (job, instance) (rate(pedro_plans_total[15m])) > 0.5
        for: 5m
        labels: { severity: warning }
        annotations:
          summary: "{{ $labels.job }}: {{ $value | humanizePercentage }} of the plans fail"
          description: More than half.

      - alert: PedroPlanStepsFail
        expr: sum by (job, instance, action) (rate(pedro_plan_steps_total{outcome="failed"}[15m])) / sum by (job, instance, action) (rate(pedro_plan_steps_total[15m])) > 0.5
        for: 5m
        labels: { severity: warning }
        annotations:
          summary: "{{ $labels.job }}: {{ $value | humanizePercentage }} of the steps {{ $labels.action }} fail"
          description: More than half.

      - alert: PedroCommandsFail
        expr: sum by (job, instance, command) (rate(discord_command_errors[15m])) / sum by (job, instance, command) (rate(discord_command_total[15m])) > 0.2
        for: 5m
        labels: { severity: warning }
        annotations:
          summary: "{{ $labels.job }}: {{ $value | humanizePercentage }} of /{{ $labels.command }} fail"
          description: More than one in five.

      - alert: PedroTwitchRejects
        expr: sum by (job, instance) (increase(twitch_message_rejected_count[15m])) > 5
        labels: { severity: warning }
        annotations:
          summary: "Twitch did not take {{ $value | humanize }} of Pedro's messages in 15 minutes"
          description: A rule of the channel or a limit of Twitch is in the way.
PEDRO_FILE
}

say() { printf '==> %s\n' "$*"; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

dry='' replace=''
for argument; do
    case $argument in
    -h | --help)
        usage
        exit 0
        ;;
    --dry-run) dry=1 ;;
    --replace) replace=1 ;;
    *) usage >&2 && exit 2 ;;
    esac
done

SUDO=()
[ "$(id -u)" = 0 ] || SUDO=(sudo)
root() { "${SUDO[@]}" "$@"; }

for target in "$DISCORD" "$TWITCH"; do
    [[ $target =~ ^[^/[:space:]]+:[0-9]+$ ]] || die "$target is no target: give HOST:PORT, for example 127.0.0.1:6060"
done
[[ $MODEL =~ ^(https?)://([^/[:space:]]+)/?$ ]] || die "PEDRO_MODEL_URL is $MODEL: give http://HOST:PORT or https://HOST"
model_scheme=${BASH_REMATCH[1]} model_target=${BASH_REMATCH[2]}

[ -f "$here/prometheus.yml" ] || die "prometheus.yml is missing beside $0: copy prometheus/prometheus.yml, too"
missing=''
for program in promtool systemctl curl "${SUDO[@]}"; do
    command -v "$program" >/dev/null || missing+=" $program"
done
[ -z "$missing" ] || die "this host lacks:$missing
  on Debian: apt-get install prometheus curl (promtool comes with prometheus); without sudo, run this as root"

# --- what it should be, in a folder of its own ----------------------------------------------------
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/rules"
rules_text >"$work/rules/pedro.yml"
# In the job of the model server the address decides about the scheme.
awk -v discord="$DISCORD" -v twitch="$TWITCH" -v scheme="$model_scheme" -v model="$model_target" '
    /job_name:/ { job = $NF; gsub(/["\047]/, "", job) }
    /^[[:space:]]*#/ { print; next }
    job == "pedro-discord" && /targets:/ { sub(/\[.*\]/, "[\"" discord "\"]") }
    job == "pedro-twitch" && /targets:/ { sub(/\[.*\]/, "[\"" twitch "\"]") }
    job == "llama-cpp" && /scheme:/ { sub(/scheme:.*/, "scheme: " scheme) }
    job == "llama-cpp" && /targets:/ { sub(/\[.*\]/, "[\"" model "\"]") }
    { print }
' "$here/prometheus.yml" >"$work/prometheus.yml"
for target in "$DISCORD" "$TWITCH" "$model_target"; do
    grep -qF "\"$target\"" "$work/prometheus.yml" || die "$here/prometheus.yml has no place for $target: is it this version's?"
done

promtool check config "$work/prometheus.yml" >"$work/told" 2>&1 || {
    sed 's/^/    /' "$work/told" >&2
    die "promtool refuses the configuration (above). Nothing was changed."
}
say "promtool: the configuration and its rules are right"

# --- what is there --------------------------------------------------------------------------------
jobs_of() { sed -nE 's/^[[:space:]]*-?[[:space:]]*job_name:[[:space:]]*["'\'']?([^"'\''#]*[^"'\''# ]).*/\1/p' "$1" | sort -u; }

root test -d "$CONFIG_DIR" || die "$CONFIG_DIR is not there: PROMETHEUS_DIR says where Prometheus has its configuration"
if root test -f "$CONFIG_DIR/prometheus.yml" && [ -z "$replace" ]; then
    root cat "$CONFIG_DIR/prometheus.yml" >"$work/present.yml"
    # The jobs of Debian's sample may go.
    others=$(comm -23 <(jobs_of "$work/present.yml") <({ jobs_of "$work/prometheus.yml" && printf 'prometheus\nnode\n'; } | sort -u) | xargs)
    [ -z "$others" ] || die "$CONFIG_DIR/prometheus.yml has jobs of its own: $others
  They would be gone. Add Pedro's jobs and rule_files to it yourself, or run this with --replace. Nothing was changed."
fi

files=(prometheus.yml rules/pedro.yml)
changed=()
for file in "${files[@]}"; do
    root cmp -s "$work/$file" "$CONFIG_DIR/$file" || changed+=("$file")
done
if [ ${#changed[@]} = 0 ]; then
    say "$CONFIG_DIR is as it should be already: nothing to do"
    exit 0
fi
if [ -n "$dry" ]; then
    for file in "${changed[@]}"; do
        echo "would write: $CONFIG_DIR/$file"
        root diff -u "$CONFIG_DIR/$file" "$work/$file" 2>/dev/null | tail -n +3 | head -n 40 || true
    done
    echo "would run: ${SUDO[*]:+sudo }systemctl restart $UNIT"
    exit 0
fi

# --- the change -----------------------------------------------------------------------------------
# What was there is kept as FILE.before-pedro; of what was not there, nothing is left if it goes wrong.
put_back() {
    local file
    for file in "${changed[@]}"; do
        if root test -f "$CONFIG_DIR/$file.before-pedro"; then
            root cp -p "$CONFIG_DIR/$file.before-pedro" "$CONFIG_DIR/$file"
        else
            root rm -f "$CONFIG_DIR/$file"
        fi
    done
    root systemctl restart "$UNIT" || true
}

is_ready() { curl --fail --silent --max-time 5 --noproxy '*' --output /dev/null "$URL/-/ready"; }

wait_ready() {
    local end=$((SECONDS + TIMEOUT))
    until is_ready; do
        [ $SECONDS -lt "$end" ] || return 1
        sleep "$POLL"
    done
}

root mkdir -p "$CONFIG_DIR/rules"
for file in "${changed[@]}"; do
    root rm -f "$CONFIG_DIR/$file.before-pedro"
    ! root test -f "$CONFIG_DIR/$file" || root cp -p "$CONFIG_DIR/$file" "$CONFIG_DIR/$file.before-pedro"
    root install -m 644 "$work/$file" "$CONFIG_DIR/$file" || { put_back && die "$CONFIG_DIR/$file could not be written"; }
    say "Wrote $CONFIG_DIR/$file"
done
if ! { root systemctl restart "$UNIT" && wait_ready; }; then
    root journalctl --unit "$UNIT" --lines 10 --output cat --no-pager 2>/dev/null | sed 's/^/    /' >&2 || true
    put_back
    die "$UNIT did not get ready at $URL in $TIMEOUT s: what was there before is put back, and $UNIT restarted with it"
fi
say "$UNIT runs with it: $URL/targets shows what it scrapes"
