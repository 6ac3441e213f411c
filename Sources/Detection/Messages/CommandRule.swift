import OCPP
import Quantities

/// Commands of the central system that need what was before to be judged: hosts, settings, unlocking, remote cycles, swinging limits, registration.
final class CommandRule: MessageRule {
    /// What is looked for.
    enum Check: String, CaseIterable {
        /// UpdateFirmware and uploads to a host that is not allowed, or not the one of before.
        case hosts
        /// A firmware version that changes without an update.
        case firmware
        /// Settings that switch off supervision or security.
        case configuration
        /// UnlockConnector while a transaction runs.
        case unlock
        /// Remote starts and stops in turn.
        case cycles
        /// Limits of charging profiles outside of an envelope, or that swing.
        case limits
        /// A charge point that was accepted, and then is not.
        case registration
    }

    private struct ChargePoint {
        var firmware: UInt64 = 0
        var mayUpdate = false
        var heartbeat = 0.0
        var sample = 0.0
        var profile = -1
        var wasAccepted = false
        /// Running transactions: id and connector.
        var running: [(id: Int, connector: Int)] = []
        /// The connectors of starts that have no answer yet, and the times of the last remote stops that followed a start.
        var starts: [Int64] = []
        var cycles: [Int64] = []
    }
    private struct Limit {
        var last = -1.0
        var direction = 0
        var swings: [Int64] = []
    }

    private let checks: [Check]
    private let hosts: [[UInt8]]
    private let greatestCurrent: Double
    private let greatestPower: Double
    @exclusivity(unchecked) private var chargePoints: GroupTable<ChargePoint>
    @exclusivity(unchecked) private var limits: GroupTable<Limit>
    /// Hosts of firmware and of uploads that were seen, at most 32 each.
    private var seen: [[UInt64]] = [[], []]
    private(set) var reason = ""

    init(checks: [Check], hosts: [String], greatestCurrent: Double, greatestPower: Double, maximumGroups: Int) {
        self.checks = checks
        self.hosts = hosts.map { Array($0.lowercased().utf8) }
        self.greatestCurrent = greatestCurrent
        self.greatestPower = greatestPower
        chargePoints = GroupTable(capacity: maximumGroups)
        limits = GroupTable(capacity: maximumGroups)
    }

    var evictions: Int { chargePoints.evictions }
    var interest: MessageInterest {
        MessageInterest(
            calls: MessageInterest.actions(
                .bootNotification, .changeConfiguration, .getDiagnostics, .getLog, .updateFirmware, .signedUpdateFirmware, .unlockConnector,
                .remoteStartTransaction, .remoteStopTransaction, .setChargingProfile, .stopTransaction),
            results: MessageInterest.actions(.bootNotification, .startTransaction, .stopTransaction))
    }

    func judge(_ view: MessageView) -> Double? {
        let place = chargePoints.place(of: view.identityKey) { ChargePoint() }
        switch (view.kind, view.action, view.isUp) {
        case (.call, .bootNotification?, true): return boot(&chargePoints[place], view)
        case (.result, .bootNotification?, false): return registered(&chargePoints[place], view)
        case (.result, .startTransaction?, false):
            if case .startTransactionResult(_, let id)? = view.payload, case .startTransaction(let start)? = view.asked {
                chargePoints[place].running.removeAll { $0.id == id || $0.connector == start.connectorID }
                if chargePoints[place].running.count >= 256 { chargePoints[place].running.removeFirst() }
                chargePoints[place].running.append((id, start.connectorID))
            }
            return nil
        case (.call, .stopTransaction?, true):
            if case .stopTransaction(let stop)? = view.payload { chargePoints[place].running.removeAll { $0.id == stop.transactionID } }
            return nil
        case (.call, .getDiagnostics?, false): return checks.contains(.hosts) ? host("location", 1, view) : nil
        case (.call, .getLog?, false): return checks.contains(.hosts) ? host("remoteLocation", 1, view) : nil
        case (.call, .updateFirmware?, false), (.call, .signedUpdateFirmware?, false):
            chargePoints[place].mayUpdate = true
            return checks.contains(.hosts) ? host("location", 0, view) : nil
        case (.call, .changeConfiguration?, false): return checks.contains(.configuration) ? configuration(&chargePoints[place], view) : nil
        case (.call, .unlockConnector?, false): return checks.contains(.unlock) ? unlock(chargePoints[place], view) : nil
        case (.call, .remoteStartTransaction?, false): return cycle(&chargePoints[place], isStart: true, view)
        case (.call, .remoteStopTransaction?, false): return cycle(&chargePoints[place], isStart: false, view)
        case (.call, .setChargingProfile?, false):
            if checks.contains(.limits), case .setChargingProfile(let set)? = view.payload { return limit(set, view) }
            return nil
        default: return nil
        }
    }

    private func hit(_ why: @autoclosure () -> String) -> Double {
        reason = why()
        return 1
    }

    // MARK: Boot and firmware

    private func boot(_ point: inout ChargePoint, _ view: MessageView) -> Double? {
        guard checks.contains(.firmware), case .bootNotification(let boot)? = view.payload, let version = boot.firmwareVersion else { return nil }
        let key = KeyHash.of(version)
        defer {
            point.firmware = key
            point.mayUpdate = false
        }
        guard point.firmware != 0, point.firmware != key, !point.mayUpdate else { return 0 }
        return hit("the firmware is \(version) now, and nobody asked for an update")
    }

    private func registered(_ point: inout ChargePoint, _ view: MessageView) -> Double? {
        guard case .bootNotificationResult(let result)? = view.payload else { return nil }
        if result.status == .accepted {
            point.wasAccepted = true
            if result.interval > 0 { point.heartbeat = Double(result.interval) }
            return 0
        }
        guard checks.contains(.registration), point.wasAccepted else { return 0 }
        return hit("it was accepted before, and now it is \(result.status.name)")
    }

    private func host(_ field: StaticString, _ purpose: Int, _ view: MessageView) -> Double {
        guard let location = view.text(field) else { return 0 }
        let bytes = Array(location.utf8)
        let name = AddressRange.host(bytes)
        if !hosts.isEmpty {
            let isAllowed = hosts.contains { $0 == name || name.count > $0.count && name.suffix($0.count + 1).elementsEqual([UInt8(ascii: ".")] + $0) }
            return isAllowed
                ? 0 : hit("\(view.action?.name.description ?? "") with the host \(String(decoding: name, as: UTF8.self)), which is not in the list")
        }
        var hash = KeyHash()
        name.withUnsafeBytes { hash.add($0) }
        let isKnown = seen[purpose].contains(hash.value)
        let isFirst = seen[purpose].isEmpty && seen[1 - purpose].isEmpty
        let isSecure = location.lowercased().hasPrefix("https://") || location.lowercased().hasPrefix("ftps://") || location.lowercased().hasPrefix("sftp://")
        let isBare = AddressRange.address(name).map { !CommandRule.isLocal($0) } ?? false
        if isBare, !isSecure {
            return hit("\(view.action?.name.description ?? "") in clear text with the bare address \(String(decoding: name, as: UTF8.self))")
        }
        if !isKnown, seen[purpose].count < 32 { seen[purpose].append(hash.value) }
        if isKnown || isFirst || seen[purpose].count == 1 { return 0 }
        return hit("\(view.action?.name.description ?? "") with a host that is new here, \(String(decoding: name, as: UTF8.self))")
    }

    private static func isLocal(_ address: [UInt8]) -> Bool {
        guard address.count == 4 else { return address[0] & 0xFE == 0xFC || address[0] == 0xFE || address[0..<15].allSatisfy { $0 == 0 } }
        return address[0] == 10 || address[0] == 127 || address[0] == 192 && address[1] == 168 || address[0] == 172 && 16...31 ~= address[1]
            || address[0] == 169 && address[1] == 254
    }

    // MARK: Settings

    private func configuration(_ point: inout ChargePoint, _ view: MessageView) -> Double {
        guard let key = view.text("key")?.lowercased(), let value = view.text("value")?.lowercased() else { return 0 }
        let number = Double(value).flatMap { $0.isFinite ? $0 : nil }
        switch key {
        case "heartbeatinterval":
            guard let number else { return 0 }
            defer { if number > 0 { point.heartbeat = number } }
            // Heartbeats once a day are in order where they were never more frequent.
            if point.heartbeat > 0, number >= 10 * point.heartbeat, number > 3600 {
                return hit("the heartbeat is made \(whole(number / point.heartbeat)) times as slow")
            }
            if number < 5, number != 0 { return hit("a heartbeat every \(value) s") }
        case "metervaluesampleinterval":
            guard let number else { return 0 }
            defer { point.sample = number }
            if number == 0, point.sample != 0 || !point.running.isEmpty { return hit("meter values are switched off") }
            if point.sample > 0, number >= 10 * point.sample, number > 3600 { return hit("meter values are made rare") }
        case "stoptransactiononinvalidid": if value == "false" { return hit("charging is to go on with a tag that is refused") }
        case "allowofflinetxforunknownid": if value == "true" { return hit("unknown tags may charge offline") }
        case "securityprofile":
            guard let profile = Int(value) else { return 0 }
            defer { point.profile = max(point.profile, profile) }
            if profile < point.profile || profile == 0 { return hit("the security profile is lowered to \(value)") }
        default:
            if value.hasPrefix("ws://") || value.hasPrefix("wss://") || value.hasPrefix("http://") {
                return hit("the setting \(key.prefix(40)) leads the charge point to another address")
            }
        }
        return 0
    }

    // MARK: Remote control

    private func unlock(_ point: ChargePoint, _ view: MessageView) -> Double {
        var connector: Int?
        FieldPath(name: "connectorId").visit(view) { value in
            connector = value.number.flatMap { Int(exactly: $0) }
            return false
        }
        guard let connector, point.running.contains(where: { $0.connector == connector }) else { return 0 }
        return hit("connector \(connector) is unlocked while a transaction runs")
    }

    private func cycle(_ point: inout ChargePoint, isStart: Bool, _ view: MessageView) -> Double? {
        guard checks.contains(.cycles) else { return nil }
        if isStart {
            point.starts.append(view.now)
            if point.starts.count > 8 { point.starts.removeFirst() }
            return 0
        }
        guard let start = point.starts.popLast(), age(of: start, at: view.now) < 60_000_000_000 else { return 0 }
        point.cycles.append(view.now)
        if point.cycles.count > 3 { point.cycles.removeFirst() }
        guard point.cycles.count == 3, age(of: point.cycles[0], at: view.now) < 120_000_000_000 else { return 0 }
        return hit("started and stopped from afar three times in two minutes")
    }

    private func limit(_ set: SetChargingProfile, _ view: MessageView) -> Double {
        let schedule = set.profile.schedule
        let isPower = schedule.unit == .watts
        let most = isPower ? greatestPower : greatestCurrent
        for period in schedule.periods {
            let limit = Double(period.limitTenths) / 10
            if limit < 0 { return hit("a limit of \(limit) \(schedule.unit.name)") }
            if limit > most {
                reason = "a limit of \(limit) \(schedule.unit.name)"
                return Score.settled(hit: true, raw: limit / most)
            }
        }
        guard let first = schedule.periods.first else { return 0 }
        let value = Double(first.limitTenths) / 10
        let place = limits.place(of: view.identityKey &+ UInt64(truncatingIfNeeded: set.connectorID) &* 0x9E37_79B9_7F4A_7C15 ^ (isPower ? 1 : 0)) { Limit() }
        defer { limits[place].last = value }
        let last = limits[place].last
        guard last >= 0, abs(value - last) > 0.5 * max(value, last) else { return 0 }
        let direction = value > last ? 1 : -1
        defer { limits[place].direction = direction }
        guard direction != limits[place].direction else { return 0 }
        limits[place].swings.append(view.now)
        if limits[place].swings.count > 4 { limits[place].swings.removeFirst() }
        guard limits[place].swings.count == 4, age(of: limits[place].swings[0], at: view.now) < 60_000_000_000 else { return 0 }
        return hit("the limit of connector \(set.connectorID) swings to and fro")
    }

    // MARK: State

    func save(_ writer: inout StateWriter) {
        chargePoints.save(&writer) { point, writer in
            writer.put(bits: point.firmware)
            writer.put(point.mayUpdate)
            writer.put(point.heartbeat)
            writer.put(point.sample)
            writer.put(point.profile)
            writer.put(point.wasAccepted)
            writer.put(point.running.count)
            for running in point.running {
                writer.put(running.id)
                writer.put(running.connector)
            }
            for times in [point.starts, point.cycles] {
                writer.put(times.count)
                for time in times { writer.put(time) }
            }
        }
        limits.save(&writer) { limit, writer in
            writer.put(limit.last)
            writer.put(limit.direction)
            writer.put(limit.swings.count)
            for time in limit.swings { writer.put(time) }
        }
        for hosts in seen {
            writer.put(hosts.count)
            for host in hosts { writer.put(bits: host) }
        }
        writer.put(reason)
    }

    func restore(_ reader: inout StateReader) throws(DetectionError) {
        try chargePoints.restore(&reader) { (reader: inout StateReader) throws(DetectionError) -> ChargePoint in
            var point = ChargePoint()
            point.firmware = try reader.bits()
            point.mayUpdate = try reader.flag()
            point.heartbeat = try reader.number()
            point.sample = try reader.number()
            point.profile = Int(try reader.integer())
            point.wasAccepted = try reader.flag()
            for _ in 0..<(try reader.count(itemBytes: 16)) { point.running.append((Int(try reader.integer()), Int(try reader.integer()))) }
            for _ in 0..<(try reader.count()) { point.starts.append(try reader.integer()) }
            for _ in 0..<(try reader.count()) { point.cycles.append(try reader.integer()) }
            return point
        }
        try limits.restore(&reader) { (reader: inout StateReader) throws(DetectionError) -> Limit in
            var limit = Limit()
            limit.last = try reader.number()
            limit.direction = Int(try reader.integer())
            for _ in 0..<(try reader.count()) { limit.swings.append(try reader.integer()) }
            return limit
        }
        for purpose in 0...1 {
            seen[purpose] = []
            for _ in 0..<(try reader.count()) { seen[purpose].append(try reader.bits()) }
        }
        reason = try reader.text()
    }
}
