#!/usr/bin/env python3
"""Live runs against the package `ocpp` on real sockets, both directions, and the reference scenario live and in virtual time.

usage: ocpp_peer_judge.py EVSIM [PART]. The parts run at the same time. Prints what fails, and `N passed, N failed` at the end.
"""
import asyncio
import pathlib
import re
import subprocess
import sys

from live_reference import reference
from ocpp_peer import check, tally
from ocpp_peer_charge_point import closed_port, keys, station
from ocpp_peer_csms import door, everything
from ocpp_peer_edges import garbage, impostor, network, silence, tls
from ocpp_peer_fuzz import fuzz
from ocpp_peer_proxy import proxy
from ocpp_peer_slow import secret, slow

PARTS = {
    "everything": everything, "door": door, "station": station, "keys": keys, "closed-port": closed_port, "reference": reference,
    "garbage": garbage, "impostor": impostor, "silence": silence, "tls": tls, "network": network,
    "proxy": proxy, "secret": secret, "slow": slow, "fuzz": fuzz,
}


def one(evsim, name):
    try:
        asyncio.run(asyncio.wait_for(PARTS[name](evsim), 80))
    except Exception as error:  # noqa: BLE001
        check(f"{name} comes to its end", False, f"{type(error).__name__}: {error}")
    print(f"{tally[True]} passed, {tally[False]} failed")
    return 1 if tally[False] else 0


def main():
    evsim = str(pathlib.Path(sys.argv[1]).resolve())
    if len(sys.argv) > 2:
        return one(evsim, sys.argv[2])
    programs = {
        name: subprocess.Popen([sys.executable, "-B", __file__, evsim, name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for name in PARTS
    }
    passed = failed = 0
    for name, program in programs.items():
        said, _ = program.communicate()
        lines = said.strip().splitlines()
        result = re.fullmatch(r"(\d+) passed, (\d+) failed", lines[-1]) if lines else None
        for line in lines[:-1] if result else lines:
            print(f"{name}: {line}")
        passed += int(result[1]) if result else 0
        failed += int(result[2]) if result else 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
