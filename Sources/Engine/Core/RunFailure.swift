public import Quantities
public import YAMLTree

/// Stable codes of what can go wrong while a scenario runs.
public enum RunCode: String, Sendable, CaseIterable {
    /// An `until` was not fulfilled in time.
    case untilTimeout = "E0701"
    /// A node did not boot.
    case notReady = "E0702"
    /// Too many events.
    case tooManyEvents = "E0703"
    /// Events or steps without end at one instant.
    case livelock = "E0704"
    /// A file could not be written.
    case cannotWrite = "E0705"
    /// A detector's settings do not fit together.
    case badDetector = "E0706"
    /// A node's settings do not fit together.
    case badNode = "E0707"
    /// More events wait than memory is allowed for.
    case queueFull = "E0708"
    /// The network of a live run cannot be set up.
    case network = "E0709"
    /// A signal that something needs was never published.
    case neverPublished = "W0721"
    /// An expectation looked at something that never happened.
    case neverExercised = "W0722"
    /// A message got no answer, or a refusal, that the steps did not look at.
    case notAnswered = "W0723"
    /// A detector never saw a sample.
    case detectorIdle = "W0724"
    /// Commands that changed nothing.
    case invalidState = "W0725"
    /// A setting never comes to rest.
    case restlessSetting = "W0726"
    /// A charge point of a live run could not connect.
    case noConnection = "W0727"
    /// A value did not fit into a field of a frame.
    case fieldRange = "W0741"
    /// A message longer than a frame did not get through.
    case transferFailed = "W0751"
    /// A real bus of a live run is gone, or something of it cannot be sent.
    case busTrouble = "W0771"
    /// A log that is replayed has entries that are wrong.
    case badLog = "W0781"
}

/// Why a run could not go on: code, text, the place in the file and the simulated time.
public struct RunFailure: Error, Sendable {
    /// Stable code.
    public let code: RunCode
    /// One sentence.
    public let message: String
    /// The step, detector or node.
    public let span: Span?
    /// Time since the run's t = 0; `nil` before it.
    public let time: Duration?

    /// The failure as a diagnostic.
    public var diagnostic: Diagnostic {
        Diagnostic(
            code.rawValue, message, at: span, notes: time.map { ["at \($0.secondsText) s of simulated time"] } ?? [])
    }
}

/// Something of a run that its author should look at.
public struct RunWarning: Sendable {
    /// Stable code.
    public let code: RunCode
    /// What happened, without time and count.
    let text: String
    /// The place in the file.
    public let span: Span?
    /// When it happened first, since the run's t = 0; `nil` for what is known only at the end.
    public let time: Duration?
    /// How often it happened.
    public internal(set) var count = 1

    init(code: RunCode, text: String, span: Span?, time: Duration? = nil) {
        self.code = code
        self.text = text
        self.span = span
        self.time = time
    }

    /// One sentence with the time, and the count when it happened more than once.
    public var message: String {
        guard let time else { return text }
        return count == 1 ? "\(text) (at \(time.secondsText) s)" : "\(text) (\(count) times, first at \(time.secondsText) s)"
    }

    /// The warning as a diagnostic.
    public var diagnostic: Diagnostic { Diagnostic(code.rawValue, message, at: span, severity: .warning) }
}

extension RunCode {
    /// The pages behind `evsim explain`.
    public static let catalogue: [DiagnosticCatalogue.Entry] = [
        page(
            .untilTimeout, "a condition was not fulfilled in time",
            "The step 'until' waited longer than its 'timeout', or until the end of the run. With 'else: go-on' the run continues instead.",
            "- {until: =cp1.current > 15 A, timeout: 1s}", "- {until: =cp1.current > 15 A, timeout: 30s}"),
        page(
            .notReady, "a node did not boot",
            "Charge points are ready when their central system has accepted the BootNotification. 'run.ready_within' bounds the wait.",
            "links: {slow: {between: [csms, cp1], latency: 60s}}", "run: {for: 5min, ready_within: 3min}"),
        page(
            .tooManyEvents, "too many events", "A run is bounded by --max-events, 10^9 unless said otherwise.", "frames: {f: {id: 0x1, from: cp1, every: 1ns}}",
            "frames: {f: {id: 0x1, from: cp1, every: 1ms}}"),
        page(
            .livelock, "no progress of time", "Steps or nodes keep causing each other at one instant, most often a repetition without a wait.",
            "- {repeat: forever, steps: [{set: {charger.limit: 5 A}}]}", "- {repeat: forever, steps: [{set: {charger.limit: 5 A}}, {wait: 1s}]}"),
        page(
            .cannotWrite, "a file could not be written",
            "The run's directory cannot be created or written; what was written so far is kept and marked incomplete.", "evsim run FILE -o /proc/run",
            "evsim run FILE -o /tmp/run"),
        page(
            .badDetector, "settings of a detector that do not fit", "The settings are right one by one but not together.",
            "d: {is: threshold, watch: cp1.current, above: 1 A, below: 5 A}", "d: {is: threshold, watch: cp1.current, above: 5 A, below: 1 A}"),
        page(
            .badNode, "settings of a node that do not fit", "The settings are right one by one but not together.",
            "car: {is: vehicle, at: cp1, arrives: 10s, leaves: 5s}", "car: {is: vehicle, at: cp1, arrives: 5s, leaves: 10s}"),
        page(.queueFull, "too many pending events", "More events wait than the memory bound allows.", "", ""),
        page(
            .network, "the network cannot be set up",
            "A csms of a live run cannot listen where it should, a charge point has an address that cannot be used, or a bus cannot be attached. A charge point with an address as 'csms:' runs with --realtime only.",
            "cp1: {is: charge-point, csms: 'ws://127.0.0.1:9000'} without --realtime", "evsim run FILE --realtime"),
        page(
            .neverPublished, "a signal was never published",
            "A plot, a detector or an expectation uses a signal that no node published in this run, for example because the frame behind it was never sent.",
            "watch: can0.limit", "send a SetChargingProfile, so that the charge point writes the limit"),
        page(
            .neverExercised, "an expectation that was never exercised",
            "The expectation holds, but what it speaks of never happened: there was no such message, frame or sample.", "expect: [=count(ocpp.Authorize) == 0]",
            "expect: [=count(ocpp.Heartbeat) >= 1]"),
        page(
            .notAnswered, "a message was refused or not answered",
            "The step went on, because 'send' waits for the answer and does not judge it; the warning says what came back.",
            "RemoteStopTransaction while nothing charges", "RemoteStartTransaction first"),
        page(
            .detectorIdle, "a detector that saw nothing", "No sample of the watched signal came, so silence means nothing.", "watch: can0.limit",
            "watch: charger.current"),
        page(
            .invalidState, "a command that changed nothing", "A start while charging, a stop while idle: the node recorded INVALID_STATE and did nothing.",
            "RemoteStopTransaction twice", "RemoteStopTransaction once"),
        page(
            .restlessSetting, "a setting that never comes to rest",
            "A setting that is a formula over signals follows them some time after each change. When what it sets changes what it reads, it may go on for ever. Let it read something that it does not change, or give it a slower 'reacts_in' and a step.",
            "max_current: =40 A - cp1.current", "max_current: =40 A - other.current"),
        page(
            .noConnection, "no connection to the central system",
            "An attempt to connect failed; the charge point tries again after its back-off. The text says why: nobody listens, the identity or the key is refused, or TLS does not trust the other end.",
            "csms: ws://127.0.0.1:9000 where nobody listens", "start the central system first, or wait: charge points try again"),
        page(
            .fieldRange, "a value that does not fit into a field",
            "A field with 'range: error', as all fields from DBC files have it, was given a value beyond its limits or its bits. The nearest value that it can hold was sent.",
            "- {transmit: can0.Status, with: {Voltage: 7000 V}}", "- {transmit: can0.Status, with: {Voltage: 400 V}}"),
        page(
            .transferFailed, "a message that did not get through",
            "A message longer than a frame was given up by one side: nobody answered, a frame was lost or came out of order, or the other side refused it. The text says which side and why; the signal BUS.MESSAGE.failed counts.",
            "brm: {pgn: 0x0200, destination: 0x56, transport: j1939, length: 41} where no node has the address 0x56",
            "addresses: {bms: 0xF4, charger: 0x56} and 'to: charger'"),
        page(
            .busTrouble, "trouble with a real bus",
            "A bus that a simulated one is attached to was lost or is back, or cannot carry a frame: the interface is down, the server closed the connection, socketcand knows no CAN FD. The run goes on; frames of the meantime are counted as not sent, and the bus is looked for again.",
            "attach: socketcan:vcan0, and 'ip link set vcan0 down'", "ip link set vcan0 up"),
        page(
            .badLog, "a log with bad entries",
            "A can-replay with 'skip_bad' left out lines or packets that no frame could be read from. The text shows the first of them; 'evsim convert FILE - --skip-bad' shows more.",
            "(0.1) can0 300#1G", "(0.100000) can0 300#10"),
    ]

    private static func page(_ code: RunCode, _ title: String, _ text: String, _ wrong: String, _ right: String) -> DiagnosticCatalogue.Entry {
        DiagnosticCatalogue.Entry(code.rawValue, title, text, wrong: wrong, right: right)
    }
}
