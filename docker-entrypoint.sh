#!/bin/sh
# `serve`: the mock, with a PKI made once in the volume. `healthy`: does it serve? Anything else: dmpcompat itself.
set -eu
data=${DMPCOMPAT_DATA:-/data}
case "${1:-serve}" in
serve)
    [ "$#" -gt 0 ] && shift
    # Made whole or not at all. DMP_NAMES: more names of the server.
    if [ ! -d "$data/pki" ]; then
        names=""
        for name in ${DMP_NAMES:-dmp}; do names="$names --name $name"; done
        # shellcheck disable=SC2086 # one option a name
        dmpcompat pki init "$data/pki" $names
    fi
    rm -f "$data/ready.json"
    exec dmpcompat serve --host 0.0.0.0 --port "${DMP_PORT:-8443}" --pki "$data/pki" --data "$data/state" \
        --ready-file "$data/ready.json" "$@"
    ;;
healthy)
    exec python3 - "$data/pki" "${DMP_PORT:-8443}" <<'PYTHON'
import socket, ssl, sys
from pathlib import Path

pki = Path(sys.argv[1])
context = ssl.create_default_context(cafile=pki / "ca.pem")
context.load_cert_chain(pki / "org-auth-cli.pem", pki / "org-auth-cli.key")
with socket.create_connection(("127.0.0.1", int(sys.argv[2])), 4) as plain, context.wrap_socket(plain, server_hostname="127.0.0.1") as tls:
    tls.sendall(b"GET /control/v1/sessions HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    sys.exit(b" 200 " not in tls.recv(64))
PYTHON
    ;;
*)
    exec dmpcompat "$@"
    ;;
esac
