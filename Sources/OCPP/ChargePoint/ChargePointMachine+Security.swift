import JSONText
import Quantities

extension ChargePointMachine {
    /// How many security events wait at most; the oldest goes for a new one.
    private static var eventLimit: Int { 200 }

    /// Records a security event, and reports it if the settings say so.
    mutating func noteSecurity(_ type: String, _ techInfo: String?, _ now: Instant, _ out: inout [ChargePointOutput]) {
        out.append(.securityEvent(type: type, techInfo: techInfo))
        guard settings.reportsSecurityEvents else { return }
        if store.securityEvents.count >= Self.eventLimit { store.securityEvents.remove(at: holds(.securityEvent) ? 1 : 0) }
        store.securityEvents.append(
            ChargePointMemory.SecurityEvent(
                type: String(type.prefix(50)), timestamp: time(now), techInfo: techInfo.map { String($0.prefix(255)) }))
        reportSecurity(now, &out)
    }

    /// Sends the first security event that waits.
    mutating func reportSecurity(_ now: Instant, _ out: inout [ChargePointOutput]) {
        guard let event = store.securityEvents.first, isConnected, registration == .accepted, !holds(.securityEvent) else { return }
        var writer = ByteWriter()
        var object = ObjectWriter()
        object.add("type", event.type, &writer)
        object.add("timestamp", event.timestamp, &writer)
        object.add("techInfo", event.techInfo, &writer)
        object.close(&writer)
        call(.object(.securityEventNotification, text: writer.text), .securityEvent, now, &out)
    }
}
