import Engine
import Quantities

/// What `evsim detect` plays, what of it is learnt, and the ground truth, as the command line says.
struct DetectPlan {
    typealias Problem = DetectScenario.Problem

    /// Where learning ends.
    private enum Split {
        case rows(Int)
        case share(Double)
        case time(Duration)

        init?(_ text: String) {
            if text.hasSuffix("%"), let percent = Double(text.dropLast()), percent > 0, percent < 100 {
                self = .share(percent / 100)
            } else if let rows = Int(text.hasSuffix(" rows") ? String(text.dropLast(5)) : text), rows > 0 {
                self = .rows(rows)
            } else if let quantity = try? Quantity.parse(text), quantity.dimension == .time, let nanoseconds = quantity.exactNanoseconds, nanoseconds > 0 {
                self = .time(Duration(nanoseconds: nanoseconds))
            } else {
                return nil
            }
        }

        /// The time from the first row of a file at which its learnt part ends.
        func age(_ file: OutsideFile) throws(Problem) -> Duration {
            do throws(TableError) {
                let rows: Int
                switch self {
                case .time(let time): return time
                case .rows(let count): rows = count
                case .share(let share): rows = Int((Double(try file.rowCount()) * share).rounded())
                }
                guard rows > 0, let age = try file.age(behind: rows), age > .zero else {
                    throw TableError(message: "has no rows behind the \(rows) that --split leaves for learning")
                }
                return age
            } catch {
                throw Problem(text: error.text(file.path), code: error.isUnreadable ? .runtime : .invalidFile)
            }
        }
    }

    /// Files, what is learnt, labels.
    private(set) var plan = OutsidePlan(files: [])
    /// How long detectors learn that do not say it.
    private(set) var learning: Duration?
    /// What was taken from the name of the data; `nil` when nothing was.
    private(set) var remark: String?

    init(_ arguments: Arguments) throws(Problem) {
        let settings = try DetectPlan.settings(arguments)
        var split: Split?
        if let text = arguments.text(.splitAt), text != "none" {
            guard let given = Split(text) else {
                throw Problem(text: "--split takes a time, a share or a number of rows: 60s, 30%, 5000, not '\(text)'", code: .usage)
            }
            split = given
        }
        let names = arguments.positionals.map(\.text)
        let known = names.first.flatMap { DataName(path: $0) }
        if split == nil, let known, !arguments.has(.trainFile), !arguments.has(.learnUntil), !arguments.has(.splitAt) {
            split = .rows(known.learnRows)
            remark = "the name of the data says that the first \(known.learnRows) rows are for learning; --split none judges them too"
        }
        for path in arguments.texts(.trainFile) { try train(path, settings, split) }
        plan.flows = arguments.text(.flowsFile)
        for path in names { plan.files.append(try DetectPlan.open(path, settings)) }
        if let split, let data = plan.files.dropFirst(plan.trained).first {
            let age = try split.age(data)
            if plan.trained > 0 {
                plan.judgeFrom = age
            } else {
                plan.learnUntil = age
                learning = age
            }
        }
        if let text = arguments.text(.learnUntil) {
            plan.learnUntil = try DetectPlan.duration(text, "--learn-until")
            learning = max(learning ?? .zero, plan.learnUntil)
        }
        if let path = arguments.text(.labelFile) {
            do {
                plan.labels = try ScoreCommand.labels(path, data: names.first ?? "")
            } catch {
                throw Problem(text: error.text, code: error.code)
            }
        } else if let anomaly = known?.anomaly, arguments.text(.labelColumn) != "none", !arguments.has(.timeColumn) {
            plan.labels = LabelTable(rows: anomaly, period: settings.period)
        }
    }

    /// Rows that are learnt of a series when nothing says it: 15 % of them, 50 to 500; `nil` when something does.
    func trainRows() throws(Problem) -> Int? {
        if learning != nil { return 50 }
        guard let data = plan.files.first else { return nil }
        do throws(TableError) {
            return max(50, min(500, try data.rowCount() * 15 / 100))
        } catch {
            throw Problem(text: error.text(data.path), code: error.isUnreadable ? .runtime : .invalidFile)
        }
    }

    /// A file that is learnt, or its part before the split.
    private mutating func train(_ path: String, _ settings: OutsideSettings, _ split: Split?) throws(Problem) {
        let file = try DetectPlan.open(path, settings)
        var length = Duration.zero
        if let split {
            length = try split.age(file)
            plan.trainUntil = length
        } else {
            do throws(TableError) {
                if let extent = try file.extent() { length = Duration(nanoseconds: max(extent.last - extent.first, 0) + 1) }
            } catch {
                throw Problem(text: error.text(path), code: error.isUnreadable ? .runtime : .invalidFile)
            }
        }
        learning = (learning ?? .zero) + length
        plan.files.append(file)
        plan.trained += 1
    }

    private static func settings(_ arguments: Arguments) throws(Problem) -> OutsideSettings {
        var settings = OutsideSettings()
        settings.timeColumn = arguments.text(.timeColumn)
        settings.timeFormat = arguments.text(.timeFormat).flatMap { TableTime(rawValue: $0) }
        settings.units = arguments.assignments(.columnUnit).map { ($0.name, $0.text) }
        if let column = arguments.text(.labelColumn) { settings.labelColumn = column == "none" ? "" : column }
        if let text = arguments.text(.rowPeriod) { settings.period = try duration(text, "--every") }
        return settings
    }

    private static func open(_ path: String, _ settings: OutsideSettings) throws(Problem) -> OutsideFile {
        do {
            return try OutsideFile(path: path, settings: settings)
        } catch {
            throw Problem(text: error.text(path == "-" ? "<stdin>" : path), code: error.isUnreadable ? .runtime : .invalidFile)
        }
    }

    private static func duration(_ text: String, _ what: String) throws(Problem) -> Duration {
        guard let quantity = try? Quantity.parse(text), quantity.dimension == .time, let nanoseconds = quantity.exactNanoseconds, nanoseconds > 0 else {
            throw Problem(text: "\(what) takes a time such as 60s, not '\(text)'", code: .usage)
        }
        return Duration(nanoseconds: nanoseconds)
    }
}
