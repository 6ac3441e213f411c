import CAN
import Detection
import Glibc
import OCPP
public import Quantities

public import ScenarioLanguage

/// What is played into a run from outside.
public struct OutsidePlan: Sendable {
    /// Files in the order in which they are played.
    public var files: [OutsideFile]
    /// How many of them are learnt only.
    public var trained = 0
    /// Time from the first row that is learnt only.
    public var learnUntil = Duration.zero
    /// How much of each trained file is learnt, from its first row; `nil` for all of it.
    public var trainUntil: Duration?
    /// Rows of the first judged file that lie nearer to its first one are left out.
    public var judgeFrom = Duration.zero
    /// Ground truth; `nil` for that of the files themselves.
    public var labels: LabelTable?
    /// File for the features of the flows of messages; `nil` for none.
    public var flows: String?

    /// A plan for files.
    public init(files: [OutsideFile]) { self.files = files }

    /// The signals of all files, by the node that they stand behind; the node `data` is always there and comes first.
    var signals: [(node: String, columns: [OutsideFile.Column])] {
        var result: [(node: String, columns: [OutsideFile.Column])] = [("data", [])]
        for column in files.flatMap(\.columns) {
            let node = column.signal.split(separator: ".").first.map(String.init) ?? "data"
            let place = result.firstIndex { $0.node == node } ?? result.count
            if place == result.count { result.append((node, [])) }
            if !result[place].columns.contains(where: { $0.signal == column.signal }) { result[place].columns.append(column) }
        }
        return result
    }

    /// Kinds of nodes that publish the signals, with the names of their nodes.
    public var kinds: [(node: String, manifest: KindManifest)] {
        signals.map { node, columns in
            let signals = columns.map { column in
                SignalManifest(
                    String(column.signal.dropFirst(node.utf8.count + 1)), Unit.named(column.unit)?.dimension ?? .none, unit: column.unit,
                    about: "A column of the data.")
            }
            return (node, KindManifest(name: "outside-\(node)", about: "Data from outside.", settings: [], signals: signals, example: ""))
        }
    }

    /// The same as kinds that a run can make.
    var nodeKinds: [NodeKind] {
        kinds.map { node, manifest in
            NodeKind(manifest: manifest) { (context) throws(RunFailure) in node == "data" ? OutsideNode(context, self) : Node(in: context) }
        }
    }
}

/// What a run knows of data from outside: its labels, and from when on it is judged.
final class OutsideTruth {
    /// Labels on the clock of the run.
    var labels: [GroundTruthLabel] = []
    /// What comes earlier is learnt and not judged.
    var judgedFrom = Instant.zero
    /// Whether the row that is being played is labelled.
    var isLabelled = false
    /// The label that is open, and when its last row was.
    var open: (kind: String, start: Instant, last: Instant)?
    /// Time of t = 0 on the clock of the data, and how that writes times.
    var clock: (time: TableTime, origin: Int64)?
    /// Rows that were played.
    var rows = 0
    /// Number of the row that is being played in its file, from 1, those that are left out included.
    var row = 0
    /// When it is played.
    var rowInstant = Instant.zero
    /// Whether labels are stretches of time, and not flags of rows.
    var hasIntervals = false
    /// What the row is about: the identifier of a frame with the flags of SocketCAN, or the identity of a charge point.
    var identifier: UInt32?
    var identity = ""
    /// Labelled rows that were learnt.
    var learntAttacks = 0
    /// Which frames of labels are attacks; `nil` when all within a label may be.
    var marks: FrameMarks?
    /// Labels are asked for in the order of time: those that lie before this one are over.
    private var firstOpen = 0

    /// Whether a label covers an instant; instants come in ascending order.
    func covers(_ instant: Instant) -> Bool {
        while firstOpen < labels.count, labels[firstOpen].end <= instant { firstOpen += 1 }
        var place = firstOpen
        while place < labels.count, labels[place].start <= instant {
            if labels[place].end > instant { return true }
            place += 1
        }
        return false
    }
}

extension OutsideTruth {
    /// The kind of the first label that touches a stretch of time; the open one counts.
    func kind(from start: Instant, to end: Instant) -> String? {
        if let open, open.start <= end { return open.kind }
        return labels.last { $0.start <= end && $0.end > start }?.kind
    }
}

/// Plays files from outside into a run, row by row, with their times.
final class OutsideNode: Node {
    private let plan: OutsidePlan
    private var truth = OutsideTruth()
    private var played = 0
    /// Name of the column that is the signal `value`; empty for a log of messages, `nil` when the node plays all that a command names.
    private let column: String?
    /// Lines of the scenario that are played.
    private var memory: MemoryFile?
    private enum Signal { static let rows = 0, finished = 1, value = 2 }
    private var number = 0
    private var rows: (any OutsideRows)?
    /// Clock of the file that is played: its first row, the first that is not left out, and the instant of the run at which that stands.
    private var beginning: Int64?
    private var first: Int64?
    private var base = Instant.zero
    private var last = Instant.zero
    private var step = Duration.seconds(1)
    private var lateRows = 0
    /// The latest time of a row as it is written.
    private var latest = Instant.zero
    private var row = 0
    private var learntUntil = Instant.zero
    /// Whether the next row does not go on from the one before: another file.
    private var isNewStart = false
    private var badRows = 0
    private var firstProblem = ""
    /// Fields that are no numbers, and frames that are none.
    var badValues = 0
    private var places: [String: Int] = [:]
    private var placeOfColumn: [Int] = []
    private var listener = OutsideListener()
    private var flows: FlowFile?

    init(_ context: NodeContext, _ plan: OutsidePlan) {
        self.plan = plan
        column = nil
        super.init(in: context)
        simulation.outside = truth
    }

    /// A node of a scenario: it plays one file and leaves the end of the run alone.
    init(_ context: NodeContext, _ file: OutsideFile, column: String?, keeping memory: MemoryFile?) {
        plan = OutsidePlan(files: [file])
        self.column = column ?? ""
        self.memory = memory
        super.init(in: context)
        if let known = simulation.outside { truth = known } else { simulation.outside = truth }
    }

    override func ready() {
        last = now
        do {
            if let path = plan.flows { flows = try FlowFile(path, truth, epoch: simulation.scenario.run.epoch) }
        } catch {
            return simulation.fail(.cannotWrite, "\(error.path): \(error.reason)", span: nil)
        }
        learntUntil = now + plan.learnUntil
        if column == nil { truth.judgedFrom = plan.trained > 0 ? .never : learntUntil }
        if column != nil {
            publish(Signal.rows, 0)
            publish(Signal.finished, 0)
        }
        for signal in plan.files.flatMap(\.columns).map(\.signal) { places[signal] = simulation.scenario.symbols.signal(signal) }
        planNext()
    }

    private func fail(_ error: TableError) {
        simulation.fail(.badNode, error.text(plan.files.indices.contains(number) ? Self.base(plan.files[number].path) : "the data"), span: nil)
    }

    private static func base(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    /// Reads the next row and sets the timer for it.
    private func planNext() {
        do throws(TableError) {
            while number < plan.files.count {
                if rows == nil { rows = try plan.files[number].open(labels: flags) }
                guard let rows else { return }
                guard let time = try rows.next() else {
                    endFile()
                    continue
                }
                row += 1
                let start = beginning ?? time
                beginning = start
                let age = time.subtractingReportingOverflow(start).partialValue
                if number < plan.trained, let limit = plan.trainUntil, age >= limit.nanoseconds {
                    endFile()
                    continue
                }
                if number == plan.trained, age < plan.judgeFrom.nanoseconds { continue }
                if first == nil { begin(rows, time) }
                let (since, overflow) = time.subtractingReportingOverflow(first ?? time)
                guard !overflow, since < 1 << 61 else { throw TableError(message: "the times of two rows lie too far apart") }
                var instant = base + Duration(nanoseconds: since)
                if instant < latest { lateRows += 1 }
                latest = max(latest, instant)
                instant = max(instant, last)
                // Rows of a table that have one time are rows all the same: no value hides another.
                if isTable, played > 0, instant == last { instant = last + Duration(nanoseconds: 1) }
                guard column == nil || instant < simulation.kernel.end else { return }
                setTimer(0, at: instant)
                return
            }
        } catch {
            return fail(error)
        }
        close(at: last + step)
        guard column == nil else { return publish(Signal.finished, 1) }
        simulation.kernel.end = last + max(step, Duration(nanoseconds: 1))
    }

    private var isTable: Bool { if case .table = plan.files[number].content { column == nil } else { false } }

    /// Flags of rows from another file, for the first file that is judged.
    private var flags: [String?]? { number == plan.trained && plan.labels?.isByRow == true ? plan.labels?.rows : nil }

    /// The first row of a file has come.
    private func begin(_ rows: any OutsideRows, _ time: Int64) {
        first = time
        // A file that goes on where the one before ended keeps its distance.
        if number > 0 {
            base = last + step
            isNewStart = true
            // Files that are learnt follow each other closely, so that the time to learn is the sum of theirs.
            if number >= plan.trained, let clock = truth.clock, clock.time == rows.time {
                let going = Instant(nanoseconds: time.subtractingReportingOverflow(clock.origin).partialValue)
                if going > last, going - last < .seconds(3600) {
                    base = going
                    isNewStart = false
                }
            }
        } else {
            base = last
        }
        let origin = time.subtractingReportingOverflow(base.nanoseconds).partialValue
        if number == plan.trained {
            truth.clock = (rows.time, origin)
            if plan.trained > 0 { truth.judgedFrom = max(learntUntil, base) }
            if let labels = plan.labels, !labels.isByRow {
                // Some labels count from the first row of the file.
                let zero = labels.isRelative ? origin.subtractingReportingOverflow(beginning ?? time).partialValue : origin
                truth.labels += labels.labels(origin: zero)
                truth.marks = labels.marks?.moved(to: zero)
                truth.hasIntervals = true
            }
        } else if truth.clock == nil {
            truth.clock = (rows.time, origin)
        }
    }

    private func endFile() {
        if let problem = rows?.problems.first, let count = rows?.problems.count {
            badRows += count
            if firstProblem.isEmpty { firstProblem = problem.text(Self.base(plan.files[number].path)) }
        }
        rows = nil
        first = nil
        beginning = nil
        row = 0
        number += 1
    }

    override func timer(_ id: UInt32, _ payload: UInt32) {
        guard let rows else { return }
        truth.rows += 1
        truth.row = row
        truth.rowInstant = now
        played += 1
        if rows.flag != nil, now < truth.judgedFrom || number < plan.trained { truth.learntAttacks += 1 }
        if now > last { step = now - last }
        if plan.labels == nil || plan.labels?.isByRow == true { note(rows.flag, joins: rows.joinsFlags) }
        truth.isLabelled = rows.flag != nil
        last = now
        if isNewStart, column == nil {
            // Slots and slopes of the file before say nothing about this one.
            simulation.detectors.resumeAll()
            isNewStart = false
        }
        rows.emit(self)
        if column != nil { publish(Signal.rows, Double(played)) }
        planNext()
    }

    // MARK: Labels

    /// A row says whether something was wrong.
    private func note(_ kind: String?, joins: Bool) {
        if let current = truth.open {
            if kind == current.kind {
                truth.open?.last = now
                return
            }
            if kind == nil, joins, now - current.last < .seconds(1) { return }
            close(at: joins ? min(now, current.last + .milliseconds(1)) : now)
        }
        if let kind { truth.open = (kind, now, now) }
    }

    private func close(at end: Instant) {
        guard let current = truth.open else { return }
        truth.labels.append(GroundTruthLabel(start: current.start, end: max(end, current.start + Duration(nanoseconds: 1)), kind: current.kind))
        truth.open = nil
    }

    // MARK: What rows hand on

    func publish(column signal: String, place: Int, _ value: Double) {
        if let column {
            if signal == column || signal.utf8.count == column.utf8.count + 5 && signal.hasPrefix("data.") && signal.hasSuffix(column) {
                publish(Signal.value, value)
            }
            return
        }
        while placeOfColumn.count <= place { placeOfColumn.append(-1) }
        if placeOfColumn[place] < 0 || number > 0 { placeOfColumn[place] = places[signal] ?? -1 }
        if placeOfColumn[place] >= 0 { simulation.signals.publish(placeOfColumn[place], value) }
    }

    func send(_ frame: CANWideFrame, channel: Int, isLabelled: Bool) {
        guard simulation.buses.indices.contains(channel) else { return badValues += 1 }
        var frame = frame
        let isMarked = truth.marks?.holds(frame, at: now) ?? false
        frame.frame.label = isLabelled || isMarked ? 1 : 0
        truth.identifier = frame.frame.rawIdentifier
        simulation.transmit(simulation.buses[channel].frame(frame), on: channel, by: index)
    }

    func hear(_ raw: [UInt8], identity: String, isUp: Bool) {
        truth.identity = identity
        let (connection, _, content) = listener.hear(raw, identity: identity, isUp: isUp)
        let event = MessageEvent(instant: now, connection: connection, identity: identity, address: identity, isUp: isUp, content: content)
        if now >= truth.judgedFrom { flows?.take(event) }
        simulation.detectors.saw(event, chargePoint: -1, centralSystem: -1)
    }

    override func finish() {
        close(at: now)
        if let problem = flows?.finish() { simulation.fail(.cannotWrite, "\(problem.path): \(problem.reason)", span: nil) }
        truth.labels.sort { ($0.start, $0.end) < ($1.start, $1.end) }
        if badRows > 0 {
            simulation.warn(.badLog, "\(badRows) rows of the data could not be understood and were left out; the first is \(firstProblem)", span: nil)
        }
        if truth.learntAttacks > 0, column == nil {
            simulation.warn(.badLog, "\(truth.learntAttacks) labelled rows lie in what is learnt: detectors take them for normal", span: nil)
        }
        if badValues > 0 { simulation.warn(.badLog, "\(badValues) fields of the data are no numbers or no frames, and were left out", span: nil) }
        if lateRows > 0 { simulation.warn(.badLog, "\(lateRows) rows of the data lie before the row in front of them, and were played with it", span: nil) }
    }
}
