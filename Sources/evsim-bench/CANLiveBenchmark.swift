import CAN
import CANLive
import Transport

/// Frames a second over real carriers on this machine. One thread does both ends, so that each frame is written, sent, read and understood.
enum CANLiveBenchmark {
    private static let count = 400_000

    static func run(repeats: Int = 5) -> [Measurement] {
        [
            measure("can-live.socketcand.receive", bar: 0.5, repeats) { ports in
                guard let server = try? ports.open(.socketcandServer(host: "127.0.0.1", port: 0, bus: "can0", sendsBeacon: false)),
                    let port = server.listeningPort, let client = try? ports.open(.socketcand(host: "127.0.0.1", port: port, bus: "can0"))
                else { return nil }
                return (server, client)
            },
            measure("can-live.socketcand.send", bar: 0.5, repeats) { ports in
                guard let server = try? ports.open(.socketcandServer(host: "127.0.0.1", port: 0, bus: "can0", sendsBeacon: false)),
                    let port = server.listeningPort, let client = try? ports.open(.socketcand(host: "127.0.0.1", port: port, bus: "can0"))
                else { return nil }
                return (client, server)
            },
            measure("can-live.multicast", bar: 0.1, repeats) { ports in
                let address = BusAddress.multicast(group: "239.74.163.2", port: 43999, interface: "lo")
                guard let one = try? ports.open(address), let two = try? ports.open(address) else { return nil }
                return (one, two)
            },
            measure("can-live.socketcan-vcan0", bar: nil, repeats) { ports in
                let address = BusAddress.socketCAN(interface: "vcan0")
                guard let one = try? ports.open(address), let two = try? ports.open(address) else { return nil }
                return (one, two)
            },
        ]
    }

    /// Millions of frames a second from one port to another; 0 when they cannot be opened or a frame is lost.
    private static func measure(
        _ name: String, bar: Double?, _ repeats: Int, _ open: @escaping (CANPorts) -> (from: CANPort, to: CANPort)?
    ) -> Measurement {
        var isWhole = true
        let times = leastTimes(
            repeats: repeats,
            [
                {
                    guard isWhole, let loop = try? EventLoop() else { return isWhole = false }
                    let ports = CANPorts(loop: loop)
                    let counter = FrameCounter()
                    ports.owner = counter
                    guard let (from, to) = open(ports) else { return isWhole = false }
                    let deadline = EventLoop.now() + 30_000_000_000
                    while !(from.isUp && to.isUp), EventLoop.now() < deadline { ports.wait(until: EventLoop.now() + 1_000_000) }
                    var sent = 0
                    while counter.frames < count, EventLoop.now() < deadline {
                        // No more than the kernel's buffers hold are on the way.
                        while sent < count, sent - counter.frames < 1024 {
                            let frame = CANFrame(id: UInt32(sent & 0x7FF), lengthCode: 8, payload: UInt64(sent) &* 0x9E37_79B9_7F4A_7C15)
                            guard from.send(CANWideFrame(frame)) == .accepted else { break }
                            sent += 1
                        }
                        ports.wait(until: counter.frames < sent ? EventLoop.now() + 1_000_000 : 0)
                    }
                    isWhole = isWhole && counter.frames == count && to.counters.malformed == 0
                    ports.close()
                }
            ])
        return Measurement(name: name, value: isWhole ? Double(count) / times[0] / 1e6 : 0, unit: isWhole ? "M frames/s" : "M frames/s (not here)", bar: bar)
    }
}

/// Counts what comes from outside.
private final class FrameCounter: CANPortOwner {
    var frames = 0

    func received(_ frame: CANWideFrame, arrival: Int64, from port: Int) { frames &+= 1 }
    func told(_ text: String, by port: Int) {}
}
