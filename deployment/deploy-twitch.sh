#!/usr/bin/env bash
# Deploys Pedro's twitch bot on this host: deploy-twitch.sh --help. Needs deploy-lib.sh beside it, and nothing else of the
# repository: the text of the unit travels in here.
set -euo pipefail

SERVICE=twitch
PORT=6061
# shellcheck disable=SC2034 # deploy-lib.sh looks there for tarballs
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)

# embedded by deployment/embed: deployment/pedro-twitch.service
unit_text() {
    cat <<'PEDRO_FILE'
# Pedro on Twitch, in a container. deploy-twitch.sh installs this text, which it carries.
# What you want otherwise belongs into a drop-in, which no deployment touches: systemctl edit pedro-twitch
[Unit]
Description=Pedro on Twitch (container)
Wants=network-online.target
Requires=docker.service
After=docker.service network-online.target

[Service]
Type=exec
# deploy-twitch.sh says which image is `current`, and keeps the one before as `previous`.
# The network is the host's: the model server is at 127.0.0.1:8080 by default, and the pages keep their port.
ExecStartPre=-/usr/bin/docker rm --force pedro-twitch
ExecStart=/usr/bin/docker run --rm --name pedro-twitch --network host --env-file /opt/pedro/prod.env \
    --mount type=bind,source=/opt/pedro,target=/opt/pedro,readonly \
    --read-only --cap-drop ALL --security-opt no-new-privileges --pids-limit 512 --memory 2g \
    --log-driver none pedro-twitch:current
ExecStop=-/usr/bin/docker stop -t 20 pedro-twitch
Restart=always
RestartSec=5
# The bot drains for 8 s and closes the database; then docker and systemd lose their patience, in this order.
TimeoutStopSec=40
SyslogIdentifier=pedro-twitch

# What runs in this unit is only docker's client: it needs the daemon's socket and nothing else. The bot itself is
# confined by the options above.
Environment=DOCKER_CONFIG=/run/pedro-twitch
CapabilityBoundingSet=
LockPersonality=yes
MemoryDenyWriteExecute=yes
NoNewPrivileges=yes
PrivateDevices=yes
PrivateTmp=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectSystem=strict
RestrictAddressFamilies=AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
UMask=0077

[Install]
WantedBy=multi-user.target
PEDRO_FILE
}

for part in deploy-lib.sh deploy-wait.sh; do
    [ -f "$here/$part" ] || { echo "error: $part is missing beside $0: copy deployment/deploy-*.sh, all of them" >&2 && exit 1; }
done
# shellcheck source=deployment/deploy-lib.sh
. "$here/deploy-lib.sh"
deploy_main "$@"
