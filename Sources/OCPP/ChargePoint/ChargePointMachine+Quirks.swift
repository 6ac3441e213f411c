import JSONText

extension ChargePointMachine {
    /// A message as it goes out: with what the quirks make of its text.
    func dressed(_ message: OCPPMessage) -> OCPPMessage {
        guard !settings.quirks.isDisjoint(with: .ofText) else { return message }
        switch message {
        case .call(let id, let payload):
            if case .raw = payload { return message }
            return .call(id, .raw(action: payload.actionName, text: changed(payload)))
        case .result(let id, let payload): return .result(id, .raw(action: payload.actionName, text: changed(payload)))
        case .error(let id, var error):
            guard settings.quirks.contains(.errorSpelling201) else { return message }
            switch error.code {
            case .formationViolation: error.code = .other("FormatViolation")
            case .occurenceConstraintViolation: error.code = .other("OccurrenceConstraintViolation")
            default: break
            }
            return .error(id, error)
        case .frame: return message
        }
    }

    private func changed(_ payload: OCPPPayload) -> String {
        var writer = ByteWriter()
        payload.encode(into: &writer)
        guard let value = try? JSONValue(parsing: writer.bytes) else { return writer.text }
        var result = changed(value, key: "")
        if settings.quirks.contains(.extraProperties), case .object(var members) = result {
            members.append(.init("vendorExtension", .object([.init("build", 1701)])))
            result = .object(members)
        }
        return result.text()
    }

    private func changed(_ value: JSONValue, key: String) -> JSONValue {
        switch value {
        case .object(let members): return .object(members.map { .init($0.key, changed($0.value, key: $0.key)) })
        case .array(let elements): return .array(elements.map { changed($0, key: key) })
        case .string(let text): return changed(text, key: key)
        default: return value
        }
    }

    private func changed(_ text: String, key: String) -> JSONValue {
        switch key {
        case "timestamp", "scheduleStart", "startSchedule", "expiryDate", "validFrom", "validTo":
            guard let time = OCPPTimestamp(rfc3339: text) else { return .string(text) }
            return .string(changed(time))
        case "unit" where text == "Celsius" && settings.quirks.contains(.celcius): return "Celcius"
        case "value" where settings.quirks.contains(.plainNumbers):
            if let number = try? JSONValue(parsing: text), number.double != nil { return number }
            return .string(text)
        default: return .string(text)
        }
    }

    /// A time in the style of the quirks.
    private func changed(_ time: OCPPTimestamp) -> String {
        var (text, zone) = (time.text, "Z")
        if settings.quirks.contains(.offsetTimestamps) {
            text = OCPPTimestamp(milliseconds: time.milliseconds + 3_600_000).text
            zone = "+01:00"
        }
        text.removeLast(settings.quirks.contains(.noMilliseconds) ? 5 : 1)
        return text + zone
    }
}
