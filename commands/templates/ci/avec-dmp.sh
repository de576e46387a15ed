#!/bin/sh
#fr: Démarre un DMP bouchonné, exécute la commande donnée, arrête le DMP ; sort avec le code de la commande.
#fr: La commande trouve DMP_URL (adresse du DMP), DMP_PKI (certificats) et DMP_CONTROL (API de pilotage).
#fr:   ./avec-dmp.sh mvn -B verify
#en: Starts a mock DMP, runs the given command, stops the DMP; leaves with the code of the command.
#en: The command finds DMP_URL (address of the DMP), DMP_PKI (certificates) and DMP_CONTROL (control API).
#en:   ./avec-dmp.sh mvn -B verify
set -eu
place=$(mktemp -d)
DMP_PKI=${DMP_PKI:-$place/pki}
[ -d "$DMP_PKI" ] || dmpcompat pki init "$DMP_PKI" >/dev/null
dmpcompat serve --port "${DMP_PORT:-0}" --pki "$DMP_PKI" --data "$place/data" --ready-file "$place/ready.json" \
    >"$place/serve.log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$place"' EXIT
trap 'exit 143' INT TERM
waited=0
while [ ! -s "$place/ready.json" ]; do
    if ! kill -0 "$server" 2>/dev/null || [ "$waited" -ge 300 ]; then
        cat "$place/serve.log" >&2
        exit 3
    fi
    sleep 0.2
    waited=$((waited + 1))
done
DMP_URL=$(sed -n 's/.*"url": *"\([^"]*\)".*/\1/p' "$place/ready.json")
DMP_CONTROL=$DMP_URL/control/v1
export DMP_URL DMP_PKI DMP_CONTROL
code=0
"$@" || code=$?
exit "$code"
