#!/bin/sh
# Sets up an authenticator app for somebody, and asks for a proof, with curl and jq.
#
#     export SIDECAR_API_URL=http://127.0.0.1:8004
#     export SIDECAR_API_TOKEN=…  # sidecar tokens create --name shop \
#                                 #   --scope enrollments:write --scope challenges:write
#     sh curl.sh ada
set -eu
user=$1

# Token and body go in by a pipe, not as arguments: everybody on the machine sees those.
post() { # PATH BODY
    answer=$({
        printf 'header = "Authorization: Bearer %s"\n' "$SIDECAR_API_TOKEN"
        printf 'data-binary = %s\n' "$(printf %s "$2" | jq -R .)"
    } | curl --config - --silent --show-error --fail-with-body --max-time 30 \
        --header 'Content-Type: application/json' \
        --header "Idempotency-Key: $(cat /proc/sys/kernel/random/uuid)" \
        "$SIDECAR_API_URL$1") || {
        printf '%s\n' "$answer" >&2
        return 1
    }
    printf '%s\n' "$answer"
}

begun=$(post /totp/setup "$(jq -cn --arg user_id "$user" '$ARGS.named')")
printf '%s\n' "$begun" | jq -r .uri
printf 'The code that the app shows: '
read -r code
app=$(post /totp/verify "$(printf '%s\n' "$begun" |
    jq -c --arg user_id "$user" --arg code "$code" '{enrollment_id} + $ARGS.named')")
printf '%s\n' "$app" | jq -r '"\(.authenticator.name) works; backup codes: \(.backup_codes)"'

asked=$(post /challenge "$(jq -cn --arg user_id "$user" --arg action payment:4711 '$ARGS.named')")
printf 'The next code: '
read -r code
proof=$(post /challenge/verify "$(printf '%s\n' "$asked" |
    jq -c --arg user_id "$user" --arg code "$code" '{challenge_id} + $ARGS.named')")
printf '%s\n' "$proof" | jq -r '"proven by \(.factor), level \(.level), for \(.action)"'
