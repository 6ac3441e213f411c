import CAN
import CANLive
import Glibc
import Testing
import Transport

/// Takes down what ports hand on.
final class Listener: CANPortOwner {
    var frames: [Int: [CANWideFrame]] = [:]
    var arrivals: [Int64] = []
    var words: [String] = []

    func received(_ frame: CANWideFrame, arrival: Int64, from port: Int) {
        frames[port, default: []].append(frame)
        arrivals.append(arrival)
    }

    func told(_ text: String, by port: Int) { words.append(text) }
}

/// A blocking client that says what it likes to a server under test.
final class RawClient {
    let descriptor: Int32

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        try #require(result == 0)
    }

    deinit { close(descriptor) }

    func say(_ text: String) { _ = send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL)) }

    /// What is there now.
    func read() -> String {
        var bytes = [UInt8](repeating: 0, count: 65536)
        let got = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        return got > 0 ? String(decoding: bytes.prefix(got), as: UTF8.self) : got == 0 ? "(end)" : ""
    }
}

@Suite("Real buses over loopback", .serialized)
struct LoopbackTests {
    let loop: EventLoop
    let ports: CANPorts
    let listener = Listener()

    init() throws {
        loop = try EventLoop()
        ports = CANPorts(loop: loop)
        ports.owner = listener
    }

    /// Runs the loop until something holds, at most two seconds.
    func run(until isDone: () -> Bool) -> Bool {
        let limit = EventLoop.now() + 2_000_000_000
        while !isDone() {
            guard EventLoop.now() < limit else { return false }
            ports.wait(until: EventLoop.now() + 2_000_000)
        }
        return true
    }

    /// Runs the loop for a while.
    func run(milliseconds: UInt64) {
        let limit = EventLoop.now() + milliseconds * 1_000_000
        while EventLoop.now() < limit { ports.wait(until: limit) }
    }

    /// What a client hears while the loop runs.
    func heard(_ client: RawClient, milliseconds: UInt64 = 20) -> String {
        run(milliseconds: milliseconds)
        return client.read()
    }

    func server() throws -> (CANPort, UInt16) {
        let server = try ports.open(.socketcandServer(host: "127.0.0.1", port: 0, bus: "can0", sendsBeacon: false))
        return (server, try #require(server.listeningPort))
    }

    func reached(_ client: RawClient, _ mode: String = "rawmode") {
        #expect(heard(client) == "< hi >")
        client.say("< open can0 >")
        #expect(heard(client) == "< ok >")
        client.say("< \(mode) >")
        #expect(heard(client) == "< ok >")
    }

    @Test("client and server hand each other ten thousand frames without loss, in order")
    func bothWays() throws {
        let (server, number) = try server()
        let client = try ports.open(.socketcand(host: "127.0.0.1", port: number, bus: "can0"))
        #expect(run { client.isUp })
        // The server holds frames back for a moment after its last answer.
        let frames: [CANWideFrame] = (0..<10_000 as Range<UInt64>).map { index in
            let isExtended = index & 1 == 1
            let id = UInt32(index & 0x7FF) | (isExtended ? 0x10000 : 0)
            return CANWideFrame(CANFrame(id: id, isExtended: isExtended, lengthCode: UInt8(index % 9), payload: index &* 0x9E37_79B9_7F4A_7C15))
        }
        for frame in frames {
            #expect(client.send(frame) == .accepted)
            #expect(server.send(frame) == .accepted)
            if server.waiting > 1 << 20 { ports.wait(until: 0) }
        }
        #expect(run { listener.frames[0]?.count == frames.count && listener.frames[1]?.count == frames.count })
        #expect(listener.frames[0] == frames)
        #expect(listener.frames[1] == frames)
        #expect(server.counters.received == 10_000)
        #expect(client.counters.sent == 10_000)
        #expect(client.counters.malformed == 0)
    }

    @Test("nothing comes right behind the answer to rawmode, where python-can would take it for the answer")
    func heldBack() throws {
        let (server, number) = try server()
        let client = try RawClient(port: number)
        #expect(heard(client) == "< hi >")
        client.say("< open can0 >")
        #expect(heard(client) == "< ok >")
        client.say("< rawmode >")
        run(milliseconds: 5)
        _ = server.send(CANWideFrame(CANFrame(id: 0x123, data: [1, 0xAB])))
        #expect(heard(client, milliseconds: 10) == "< ok >")
        let later = heard(client, milliseconds: 80)
        #expect(later.hasPrefix("< frame 123 "))
        #expect(later.hasSuffix(" 01AB >"))
    }

    @Test("what is malformed is answered, and the client stays")
    func malformed() throws {
        let (server, number) = try server()
        let client = try RawClient(port: number)
        #expect(heard(client) == "< hi >")
        client.say("< send 100 0  >")
        #expect(heard(client) == "< error the first message has to be 'open can0' >")
        client.say("< open can7 >")
        #expect(heard(client) == "< error there is no bus 'can7' here, only 'can0' >")
        client.say("< open can0 >< rawmode >")
        #expect(heard(client) == "< ok >< ok >")
        client.say("noise < send 210 2  > more < send 7FF 1 zz >< sing >")
        #expect(
            heard(client)
                == "< error 'send' with a length of 2 and 0 bytes (remote frames are no part of this protocol) >< error 'send' with a length of 1 and other data >"
                + "< error 'sing' is not known here >")
        client.say("< send 210 1 7 >")
        #expect(run { listener.frames[0]?.count == 1 })
        #expect(server.counters.malformed == 5)
    }

    @Test("clients hear each other, and nobody hears himself")
    func severalClients() throws {
        let (_, number) = try server()
        let clients = try (0..<3).map { _ in try RawClient(port: number) }
        for client in clients { reached(client) }
        run(milliseconds: 60)
        clients[0].say("< send 111 1 1 >")
        #expect(heard(clients[0]) == "")
        for client in clients[1...] {
            let text = client.read()
            #expect(text.hasPrefix("< frame 111 ") && text.hasSuffix(" 01 >"))
        }
        #expect(listener.frames[0]?.count == 1)
    }

    @Test("a client that opens nothing, floods without end or has one too many has to go; the others stay")
    func limits() throws {
        var settings = CANPortSettings()
        settings.clientLimit = 2
        let server = try ports.open(.socketcandServer(host: "127.0.0.1", port: 0, bus: "can0", sendsBeacon: false), settings)
        let number = try #require(server.listeningPort)
        let good = try RawClient(port: number)
        reached(good)
        let bad = try RawClient(port: number)
        #expect(heard(bad) == "< hi >")
        let third = try RawClient(port: number)
        #expect(heard(third) == "< error too many clients >")
        #expect(third.read() == "(end)")
        bad.say("< open " + String(repeating: "x", count: 4000))
        #expect(heard(bad) == "(end)")
        good.say("< echo >")
        #expect(heard(good) == "< echo >")
    }

    @Test("subscribers of an identifier hear it alone, and control mode counts")
    func otherModes() throws {
        let (server, number) = try server()
        let client = try RawClient(port: number)
        #expect(heard(client) == "< hi >")
        client.say("< open can0 >")
        #expect(heard(client) == "< ok >")
        client.say("< subscribe 0 0 300 >")
        run(milliseconds: 60)
        for id in [0x300, 0x301] as [UInt32] { _ = server.send(CANWideFrame(CANFrame(id: id, data: []))) }
        let text = heard(client)
        #expect(text.hasPrefix("< frame 300 ") && text.hasSuffix("  >"))
        client.say("< controlmode >< statistics 20 >")
        #expect(heard(client, milliseconds: 30).hasSuffix("< ok >< stat 0 0 0 1 >"))
    }

    @Test("a client whose server goes away comes back when it does")
    func reconnection() throws {
        var settings = CANPortSettings()
        settings.pauses = (10_000_000, 20_000_000)
        let other = CANPorts(loop: try EventLoop())
        let far = Listener()
        other.owner = far
        let server = try other.open(.socketcandServer(host: "127.0.0.1", port: 0, bus: "can0", sendsBeacon: false))
        let number = try #require(server.listeningPort)
        let client = try ports.open(.socketcand(host: "127.0.0.1", port: number, bus: "can0"), settings)
        #expect(
            run {
                other.wait(until: 0); return client.isUp
            })
        other.close()
        #expect(run { !client.isUp })
        #expect(client.send(CANWideFrame(CANFrame(id: 1, data: []))) == .failed)
        #expect(client.counters.unsent == 1)
        run(milliseconds: 40)
        #expect(client.trouble == "the connection to 127.0.0.1:\(number): refused: nothing listens there")
        let again = CANPorts(loop: try EventLoop())
        _ = try again.open(.socketcandServer(host: "127.0.0.1", port: number, bus: "can0", sendsBeacon: false))
        #expect(
            run {
                again.wait(until: 0); return client.isUp
            })
        #expect(client.counters.connections == 2)
        #expect(listener.words.contains { $0.hasSuffix("it is back") })
    }

    @Test("a server that has another bus refuses, and the client says so")
    func otherBus() throws {
        let (_, number) = try server()
        let client = try ports.open(.socketcand(host: "127.0.0.1", port: number, bus: "can9"))
        #expect(run { client.trouble != nil })
        #expect(client.trouble == "the server refuses: there is no bus 'can9' here, only 'can0'")
    }

    @Test("FD and remote frames do not go over socketcand, and are counted")
    func unsendable() throws {
        let (server, _) = try server()
        #expect(server.send(CANWideFrame(CANFrame(fd: 1, lengthCode: 0, payload: 0))) == .failed)
        #expect(server.send(CANWideFrame(CANFrame(id: 1, isRemote: true, lengthCode: 0, payload: 0))) == .failed)
        #expect(server.counters.unsendable == 2)
        #expect(listener.words.count == 1)
    }

    @Test("two members of a group hear each other and not themselves; noise is counted")
    func multicast() throws {
        let address = BusAddress.multicast(group: "239.74.163.2", port: UInt16.random(in: 20_000...60_000), interface: "lo")
        let one = try ports.open(address)
        let two = try ports.open(address)
        let frames = (0..<2_000 as Range<UInt64>).map { MulticastCodecTests.frame($0) }
        for (index, frame) in frames.enumerated() {
            #expect(one.send(frame) == .accepted)
            if index % 100 == 99 { ports.wait(until: 0) }
        }
        _ = two.send(CANWideFrame(CANFrame(id: 5, data: [5])))
        #expect(run { listener.frames[1]?.count == frames.count && listener.frames[0]?.count == 1 })
        #expect(listener.frames[1] == frames)
        #expect(listener.arrivals.allSatisfy { $0 > 1_500_000_000_000_000_000 })
        #expect(one.counters.malformed == 0 && two.counters.lost == 0)
    }

    @Test("an interface that is not there is named with the remedy")
    func noInterface() {
        let error = #expect(throws: CANPortError.self) { try ports.open(.socketCAN(interface: "nocan9")) }
        let isMissing = error?.text.hasPrefix("this kernel has no CAN sockets: 'modprobe can-raw'") == true
        #expect(isMissing || error?.text.hasPrefix("there is no interface nocan9: for a virtual one 'modprobe vcan; ip link add nocan9") == true)
    }

    @Test("a port that is taken is named with who has it")
    func portTaken() throws {
        let (_, number) = try server()
        let error = #expect(throws: CANPortError.self) {
            try ports.open(.socketcandServer(host: "127.0.0.1", port: number, bus: "can0", sendsBeacon: false))
        }
        #expect(error?.text.hasPrefix("cannot listen on 127.0.0.1:\(number): the port is in use") == true)
    }
}
