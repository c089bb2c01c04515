"""Says clearly why the site cannot listen on an address, before anything is started there."""

from __future__ import annotations

import errno
import socket
import sys

REASONS = {
    errno.EADDRINUSE: "is taken by another program; choose another with --port",
    errno.EACCES: "may only be used by root; choose one above 1023 with --port",
    errno.EADDRNOTAVAIL: "cannot be used: this machine does not have that address; see --host",
}


def main() -> None:
    host, port = sys.argv[1], int(sys.argv[2])
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror as error:
        raise SystemExit(f"error: host {host} is not known; see --host") from error
    except OSError as error:
        reason = REASONS.get(error.errno or 0, f"cannot be used: {error.strerror}")
        raise SystemExit(f"error: port {port} on {host} {reason}") from error


if __name__ == "__main__":
    main()
