import Quantities

@testable import OCPP

/// A meter whose register follows the contactor of a connector: 36 kW while it is closed, 10 Wh a second.
final class ScheduleMeter: MeterSource {
    private var registers: [Double]
    private var since: [Instant?]

    init(connectors: Int) {
        registers = Array(repeating: 0, count: connectors + 1)
        since = Array(repeating: nil, count: connectors + 1)
    }

    func set(_ isOn: Bool, _ connector: Int, at now: Instant) {
        registers[connector] = register(connector, now)
        since[connector] = isOn ? now : nil
    }

    func register(_ connector: Int, _ now: Instant) -> Double {
        registers[connector] + (since[connector].map { (now - $0).seconds * 10 } ?? 0)
    }

    func reading(connector: Int, at now: Instant) -> MeterReading {
        let isOn = since[connector] != nil
        return MeterReading(currentA: isOn ? 90 : 0, voltageV: 400, powerW: isOn ? 36_000 : 0, energyWh: register(connector, now))
    }
}

/// A correct central system, as small as can be: it knows a StartTransaction and a StopTransaction again when they are sent twice.
struct SmallCentralSystem {
    struct Transaction {
        var request: StartTransaction
        var stop: StopTransaction?
        var lastValue = 0
    }

    var transactions: [Transaction] = []
    var problems: [String] = []

    mutating func answer(_ payload: OCPPPayload, _ now: Instant) -> OCPPPayload? {
        switch payload {
        case .bootNotification:
            return .bootNotificationResult(BootNotificationResult(status: .accepted, currentTime: OCPPTimestamp(epoch: 0, now), interval: 300))
        case .authorize: return .authorizeResult(IdTagInfo(status: .accepted))
        case .startTransaction(let request):
            if let place = transactions.firstIndex(where: { $0.request == request }) {
                return .startTransactionResult(IdTagInfo(status: .accepted), transactionID: place + 1)
            }
            if let before = transactions.last(where: { $0.request.connectorID == request.connectorID }) {
                guard let stop = before.stop else {
                    problems.append("a start at \(request.timestamp.text) before the end of the last transaction")
                    return nil
                }
                if request.meterStart < stop.meterStop { problems.append("the register has gone back between transactions") }
                if request.timestamp < stop.timestamp { problems.append("a start before the last stop") }
            }
            transactions.append(Transaction(request: request))
            return .startTransactionResult(IdTagInfo(status: .accepted), transactionID: transactions.count)
        case .stopTransaction(let request):
            guard transactions.indices.contains(request.transactionID - 1) else {
                problems.append("a stop of transaction \(request.transactionID), which was never given")
                return nil
            }
            let place = request.transactionID - 1
            if let known = transactions[place].stop, known != request { problems.append("two different stops of one transaction") }
            if request.meterStop < transactions[place].lastValue { problems.append("meterStop below a meter value") }
            if request.meterStop < transactions[place].request.meterStart { problems.append("meterStop below meterStart") }
            if request.timestamp < transactions[place].request.timestamp { problems.append("a stop before its start") }
            transactions[place].stop = request
            return .stopTransactionResult(nil)
        case .meterValues(let message):
            if let id = message.transactionID {
                guard transactions.indices.contains(id - 1) else {
                    problems.append("meter values of transaction \(id), which was never given")
                    return nil
                }
                let value = Int(message.value[.energyActiveImportRegister]?.double ?? 0)
                if transactions[id - 1].stop == nil {
                    if value < transactions[id - 1].lastValue { problems.append("the register has gone back within a transaction") }
                    transactions[id - 1].lastValue = max(value, transactions[id - 1].lastValue)
                }
            }
            return .empty(.meterValues)
        case .empty(.heartbeat): return .heartbeatResult(currentTime: OCPPTimestamp(epoch: 0, now))
        default: return payload.action.map { .empty($0) }
        }
    }
}
