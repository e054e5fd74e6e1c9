#!/usr/bin/env bash
# Signs a device in with curl and jq alone, as AuthGate's bash-cli does; its test runs it.
set -euo pipefail

read -r given
issuer=$(jq -r .issuer <<<"$given")
client_id=$(jq -r .client_id <<<"$given")

# Under `set -e` a line that is missing ends the script: so it goes for AuthGate's own.
{
    read -r device_endpoint
    read -r token_endpoint
    read -r userinfo_endpoint
} < <(curl -sf "$issuer/.well-known/openid-configuration" |
    jq -r '.device_authorization_endpoint, .token_endpoint, .userinfo_endpoint')

ask() {
    curl -s "$token_endpoint" -d "client_id=$client_id" "$@"
}

shown=$(curl -sf "$device_endpoint" -d "client_id=$client_id" -d 'scope=profile email')
jq -c '{device: {user_code, verification_uri}}' <<<"$shown"

for _ in {1..20}; do
    sleep "$(jq -r .interval <<<"$shown")"
    tokens=$(ask -d grant_type=urn:ietf:params:oauth:grant-type:device_code \
        --data-urlencode "device_code=$(jq -r .device_code <<<"$shown")")
    [ "$(jq -r '.error // ""' <<<"$tokens")" = authorization_pending ] || break
done

{
    read -r access_token
    read -r token_type
    read -r refresh_token
} < <(jq -r '.access_token, .token_type, .refresh_token' <<<"$tokens")

refreshed=$(ask -d grant_type=refresh_token --data-urlencode "refresh_token=$refresh_token")
bearer="Authorization: $token_type $access_token"
jq -nc --argjson person "$(curl -sf "$userinfo_endpoint" -H "$bearer")" \
    --argjson token "$(curl -sf "$issuer/oauth/tokeninfo" -H "$bearer")" \
    --argjson refreshed "$refreshed" \
    '{person: $person, token: $token, refreshed: ($refreshed.access_token | length > 0)}'
