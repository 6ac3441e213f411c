#!/usr/bin/env python3
"""Central system or charge points on the Python packages ocpp and websockets, the peer of the load test.

usage: ocpp_peer.py csms            listens on a free port, says "port P"
       ocpp_peer.py points URL COUNT SECONDS   boots COUNT charge points, sends Heartbeats for SECONDS, says one line of JSON
Both check every message against the schemas of the package; compression is off, as in evsim.
"""
import asyncio
import json
import logging
import resource
import sys
import time
from datetime import datetime, timezone

from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

logging.disable(logging.CRITICAL)


def stamp():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class Central(ChargePoint):
    @on("BootNotification")
    def boot(self, **_):
        return call_result.BootNotification(current_time=stamp(), interval=300, status="Accepted")

    @on("Heartbeat")
    def heartbeat(self):
        return call_result.Heartbeat(current_time=stamp())


async def central_system():
    async def connected(socket):
        try:
            await Central(socket.request.path.rsplit("/", 1)[-1], socket).start()
        except Exception:  # the charge point is gone
            pass

    async with serve(connected, "127.0.0.1", 0, subprotocols=["ocpp1.6"], compression=None, ping_interval=None) as server:
        print("port", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().create_future()


async def charge_points(url, count, seconds):
    points, readers = [], []
    for number in range(count):
        socket = await connect(f"{url}/PEER{number}", subprotocols=["ocpp1.6"], compression=None, ping_interval=None)
        point = ChargePoint(f"PEER{number}", socket)
        readers.append(asyncio.create_task(point.start()))
        answer = await point.call(call.BootNotification(charge_point_model="peer", charge_point_vendor="evsim"), suppress=False)
        assert answer.status == "Accepted"
        points.append(point)
    trips = 0
    begin, used = time.monotonic(), time.process_time()
    end = begin + seconds

    async def talk(point):
        nonlocal trips
        while time.monotonic() < end:
            await point.call(call.Heartbeat(), suppress=False)
            trips += 1

    await asyncio.gather(*map(talk, points))
    passed, used = time.monotonic() - begin, time.process_time() - used
    for reader in readers:
        reader.cancel()
    print(json.dumps({"round_trips_per_s": trips / passed, "cpu_us_per_round_trip": used / max(1, trips) * 1e6}), flush=True)


soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
if len(sys.argv) == 2 and sys.argv[1] == "csms":
    asyncio.run(central_system())
elif len(sys.argv) == 5 and sys.argv[1] == "points":
    asyncio.run(charge_points(sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))
else:
    sys.exit(__doc__)
