import CAN
import CLinux
import Transport

/// One client of a socketcand server, from greeting to goodbye.
final class SocketcandSession {
    /// What the client was last told to expect.
    enum Mode {
        /// It has not opened a bus.
        case greeted
        /// The mode after `open`: frames of subscribed identifiers come, `send` is understood.
        case broadcastManager
        /// Every frame comes.
        case raw
        /// Counts come.
        case control
    }

    /// An identifier that the client wants in the mode of the broadcast manager.
    private struct Subscription {
        let rawIdentifier: UInt32
        let interval: UInt64
        var next: UInt64
    }

    let stream: SocketcandStream
    let peer: String
    private(set) var mode = Mode.greeted
    /// Frames that wait because the answer to `rawmode` has just left.
    private var held = ByteQueue()
    private var heldUntil: UInt64 = 0
    private var subscriptions: [Subscription] = []
    private var statisticsInterval: UInt64 = 0
    private var nextStatistics = UInt64.max
    /// A client has so long until it opens a bus.
    private var openUntil: UInt64
    /// What it sent, for `< stat … >`: bytes and packets in both directions.
    private var traffic: (receivedBytes: UInt64, receivedFrames: UInt64, sentBytes: UInt64, sentFrames: UInt64) = (0, 0, 0, 0)

    /// python-can takes what one read brings for the answer: nothing may come right behind it.
    static let pauseAfterAnswer: UInt64 = 50_000_000
    private static let openTime: UInt64 = 10_000_000_000
    private static let mostSubscriptions = 2048

    init(_ stream: SocketcandStream, peer: String, at now: UInt64) {
        (self.stream, self.peer) = (stream, peer)
        openUntil = now &+ Self.openTime
        say("hi")
    }

    private func say(_ text: String) { SocketcandWriter.text(text, into: &stream.output) }

    /// When `due` has something to do.
    var deadline: UInt64 { min(min(openUntil, nextStatistics), held.isEmpty ? .max : heldUntil) }

    /// What time asks for; `false` when the client never opened a bus and has to go.
    func due(at now: UInt64) -> Bool {
        if now >= openUntil { return false }
        if !held.isEmpty, now >= heldUntil { release() }
        if now >= nextStatistics {
            nextStatistics = now &+ statisticsInterval
            say("stat \(traffic.receivedBytes) \(traffic.receivedFrames) \(traffic.sentBytes) \(traffic.sentFrames)")
        }
        return true
    }

    private func release() {
        stream.output.append(held.bytes)
        held.release()
    }

    // MARK: Frames to the client

    /// Tells the client of a frame on the bus if its mode asks for it. `true` when something waits to be written.
    func tell(_ frame: CANFrame, nanoseconds: Int64, at now: UInt64) -> Bool {
        switch mode {
        case .greeted, .control: return false
        case .broadcastManager:
            guard let index = subscriptions.firstIndex(where: { $0.rawIdentifier == frame.rawIdentifier }), now >= subscriptions[index].next else {
                return false
            }
            subscriptions[index].next = now &+ subscriptions[index].interval
        case .raw: break
        }
        traffic.sentFrames &+= 1
        traffic.sentBytes &+= UInt64(frame.count)
        if now < heldUntil {
            guard held.count < SocketcandStream.outputLimit else { return false }
            SocketcandWriter.frame(frame, nanoseconds: nanoseconds, into: &held)
            return false
        }
        if !held.isEmpty { release() }
        SocketcandWriter.frame(frame, nanoseconds: nanoseconds, into: &stream.output)
        return true
    }

    // MARK: Messages from the client

    /// Does what the client says; the frame that it sends, if it sends one. Wrong messages are answered, never the end.
    func heard(_ message: SocketcandMessage, bus: String, at now: UInt64) -> (frame: CANFrame?, isWrong: Bool) {
        switch message {
        case .echo: say("echo")
        case .open(let name):
            guard mode == .greeted else { return refuse("a bus is open already") }
            guard name == bus else { return refuse("there is no bus '\(name)' here, only '\(bus)'") }
            openUntil = .max
            answer(.broadcastManager, now)
        case _ where mode == .greeted: return refuse("the first message has to be 'open \(bus)'")
        case .rawMode: answer(.raw, now)
        case .bcmMode: answer(.broadcastManager, now)
        case .controlMode: answer(.control, now)
        case .statistics(let milliseconds):
            guard mode == .control else { return refuse("'statistics' belongs to the control mode") }
            statisticsInterval = UInt64(max(milliseconds, 10)) * 1_000_000
            nextStatistics = milliseconds == 0 ? .max : now &+ statisticsInterval
        case .send(let frame):
            guard mode != .control else { return refuse("'send' does not belong to the control mode") }
            traffic.receivedFrames &+= 1
            traffic.receivedBytes &+= UInt64(frame.count)
            return (frame, false)
        case .subscribe(let frame, let interval):
            guard mode == .broadcastManager else { return refuse("'subscribe' does not belong to this mode") }
            subscriptions.removeAll { $0.rawIdentifier == frame.rawIdentifier }
            guard subscriptions.count < Self.mostSubscriptions else { return refuse("too many subscriptions") }
            subscriptions.append(Subscription(rawIdentifier: frame.rawIdentifier, interval: interval, next: 0))
        case .unsubscribe(let frame):
            guard mode == .broadcastManager else { return refuse("'unsubscribe' does not belong to this mode") }
            subscriptions.removeAll { $0.rawIdentifier == frame.rawIdentifier }
        case .wrong(let text): return refuse(text)
        case .hi, .ok, .frame, .errorReport, .error: return refuse("this is for servers to say")
        }
        return (nil, false)
    }

    private func answer(_ mode: Mode, _ now: UInt64) {
        self.mode = mode
        if mode != .broadcastManager { subscriptions = [] }
        nextStatistics = .max
        if !held.isEmpty { release() }
        say("ok")
        heldUntil = now &+ Self.pauseAfterAnswer
    }

    private func refuse(_ text: String) -> (frame: CANFrame?, isWrong: Bool) {
        // The brackets would end the answer early.
        say("error \(String(decoding: text.utf8.map { $0 == 0x3C || $0 == 0x3E ? 0x27 : $0 }, as: UTF8.self))")
        return (nil, true)
    }
}
