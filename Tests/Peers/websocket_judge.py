#!/usr/bin/env python3
"""Puts the live transport to the test from outside: raw sockets for broken frames, the `websockets` package for right ones, OpenSSL for certificates.

usage: websocket_judge.py EVSIM_BENCH. Prints what fails, and `N passed, N failed` at the end.
"""
import sys
import tempfile

from websocket_frames import frames
from websocket_handshakes import handshakes, lives
from websocket_package import clients, package
from websocket_peer import Server, check, tally
from websocket_tls import tls


def main():
    with Server() as server:
        frames(server.port)
        check("the server is alive", server.process.poll() is None)
    handshakes()
    lives()
    package()
    clients()
    with tempfile.TemporaryDirectory() as folder:
        tls(folder)
    print(f"{tally[True]} passed, {tally[False]} failed")
    return 1 if tally[False] else 0


sys.exit(main())
