import JSONText

extension OCPPPayload {
    /// Appends the payload as a JSON object without white space, fields in the order of the standard.
    public func encode(into writer: inout ByteWriter) {
        var object = ObjectWriter()
        switch self {
        case .meterValues(let message): return message.encode(&writer)
        case .empty: break
        case .heartbeatResult(let time): object.add("currentTime", time, &writer)
        case .statusNotification(let message):
            object.add("connectorId", message.connectorID, &writer)
            object.add("errorCode", message.errorCode, &writer)
            object.add("info", message.details?.info, &writer)
            object.add("status", message.status, &writer)
            object.add("timestamp", message.timestamp, &writer)
            object.add("vendorId", message.details?.vendorID, &writer)
            object.add("vendorErrorCode", message.details?.vendorErrorCode, &writer)
        case .authorize(let idTag): object.add("idTag", idTag, &writer)
        case .authorizeResult(let info): object.add("idTagInfo", info, &writer)
        case .bootNotification(let message): message.add(to: &object, &writer)
        case .bootNotificationResult(let message):
            object.add("status", message.status, &writer)
            object.add("currentTime", message.currentTime, &writer)
            object.add("interval", message.interval, &writer)
        case .clearChargingProfile(let message):
            object.add("id", message.id, &writer)
            object.add("connectorId", message.connectorID, &writer)
            object.add("chargingProfilePurpose", message.purpose, &writer)
            object.add("stackLevel", message.stackLevel, &writer)
        case .clearChargingProfileResult(let status): object.add("status", status, &writer)
        case .remoteStartTransaction(let message):
            object.add("connectorId", message.connectorID, &writer)
            object.add("idTag", message.idTag, &writer)
            if let profile = message.chargingProfile {
                object.key("chargingProfile", &writer)
                profile.encode(&writer)
            }
        case .remoteStartTransactionResult(let status), .remoteStopTransactionResult(let status): object.add("status", status, &writer)
        case .remoteStopTransaction(let transactionID): object.add("transactionId", transactionID, &writer)
        case .setChargingProfile(let message):
            object.add("connectorId", message.connectorID, &writer)
            object.key("csChargingProfiles", &writer)
            message.profile.encode(&writer)
        case .setChargingProfileResult(let status): object.add("status", status, &writer)
        case .startTransaction(let message):
            object.add("connectorId", message.connectorID, &writer)
            object.add("idTag", message.idTag, &writer)
            object.add("meterStart", message.meterStart, &writer)
            object.add("reservationId", message.reservationID, &writer)
            object.add("timestamp", message.timestamp, &writer)
        case .startTransactionResult(let info, let transactionID):
            object.add("idTagInfo", info, &writer)
            object.add("transactionId", transactionID, &writer)
        case .stopTransaction(let message):
            object.add("idTag", message.idTag, &writer)
            object.add("meterStop", message.meterStop, &writer)
            object.add("timestamp", message.timestamp, &writer)
            object.add("transactionId", message.transactionID, &writer)
            object.add("reason", message.reason, &writer)
            if let data = message.transactionData {
                object.key("transactionData", &writer)
                MeterValue.encode(data, &writer)
            }
        case .stopTransactionResult(let info): if let info { object.add("idTagInfo", info, &writer) }
        case .object(_, let text), .raw(_, let text): return writer.append(text: text)
        }
        object.close(&writer)
    }
}

extension ObjectWriter {
    mutating func add(_ key: StaticString, _ info: IdTagInfo, _ writer: inout ByteWriter) {
        self.key(key, &writer)
        var object = ObjectWriter()
        object.add("expiryDate", info.expiryDate, &writer)
        object.add("parentIdTag", info.parentIdTag, &writer)
        object.add("status", info.status, &writer)
        object.close(&writer)
    }
}

extension BootNotification {
    func add(to object: inout ObjectWriter, _ writer: inout ByteWriter) {
        object.add("chargePointVendor", chargePointVendor, &writer)
        object.add("chargePointModel", chargePointModel, &writer)
        object.add("chargePointSerialNumber", chargePointSerialNumber, &writer)
        object.add("chargeBoxSerialNumber", chargeBoxSerialNumber, &writer)
        object.add("firmwareVersion", firmwareVersion, &writer)
        object.add("iccid", iccid, &writer)
        object.add("imsi", imsi, &writer)
        object.add("meterType", meterType, &writer)
        object.add("meterSerialNumber", meterSerialNumber, &writer)
    }
}

extension ChargingProfile {
    func encode(_ writer: inout ByteWriter) {
        var object = ObjectWriter()
        object.add("chargingProfileId", id, &writer)
        object.add("transactionId", transactionID, &writer)
        object.add("stackLevel", stackLevel, &writer)
        object.add("chargingProfilePurpose", purpose, &writer)
        object.add("chargingProfileKind", kind, &writer)
        object.add("recurrencyKind", recurrency, &writer)
        object.add("validFrom", validFrom, &writer)
        object.add("validTo", validTo, &writer)
        object.key("chargingSchedule", &writer)
        schedule.encode(&writer)
        object.close(&writer)
    }
}

extension ChargingSchedule {
    func encode(_ writer: inout ByteWriter) {
        var object = ObjectWriter()
        object.add("duration", duration, &writer)
        object.add("startSchedule", startSchedule, &writer)
        object.add("chargingRateUnit", unit, &writer)
        object.key("chargingSchedulePeriod", &writer)
        writer.append(0x5B)
        for (index, period) in periods.enumerated() {
            if index > 0 { writer.append(0x2C) }
            var item = ObjectWriter()
            item.add("startPeriod", period.startPeriod, &writer)
            item.add("limit", tenths: period.limitTenths, &writer)
            item.add("numberPhases", period.numberPhases, &writer)
            item.close(&writer)
        }
        writer.append(0x5D)
        object.add("minChargingRate", tenths: minChargingRateTenths, &writer)
        object.close(&writer)
    }
}

extension MeterValues {
    @inline(__always)
    func encode(_ writer: inout ByteWriter) {
        writer.append("{\"connectorId\":")
        writer.append(integer: connectorID)
        if let transactionID {
            writer.append(",\"transactionId\":")
            writer.append(integer: transactionID)
        }
        writer.append(",\"meterValue\":[")
        value.encode(&writer)
        for more in further {
            writer.append(0x2C)
            more.encode(&writer)
        }
        writer.append("]}")
    }
}

extension MeterValue {
    static func encode(_ values: [MeterValue], _ writer: inout ByteWriter) {
        writer.append(0x5B)
        for (index, value) in values.enumerated() {
            if index > 0 { writer.append(0x2C) }
            value.encode(&writer)
        }
        writer.append(0x5D)
    }

    @inline(__always)
    func encode(_ writer: inout ByteWriter) {
        writer.append("{\"timestamp\":\"")
        timestamp.write(to: &writer)
        writer.append("\",\"sampledValue\":[")
        first?.encode(&writer)
        for other in others {
            writer.append(0x2C)
            other.encode(&writer)
        }
        writer.append("]}")
    }
}

extension SampledValue {
    func encode(_ writer: inout ByteWriter) {
        if let text {
            writer.append("{\"value\":")
            writer.appendQuoted(text.string)
        } else {
            writer.append("{\"value\":\"")
            writer.append(mantissa: mantissa, scale: Int(scale))
            writer.append(0x22)
        }
        if let context { Self.add(",\"context\":\"", context, &writer) }
        if let format { Self.add(",\"format\":\"", format, &writer) }
        if let measurand { Self.add(",\"measurand\":\"", measurand, &writer) }
        if let phase { Self.add(",\"phase\":\"", phase, &writer) }
        if let location { Self.add(",\"location\":\"", location, &writer) }
        if let unit { Self.add(",\"unit\":\"", unit, &writer) }
        writer.append(0x7D)
    }

    @inline(__always)
    private static func add(_ key: StaticString, _ value: some WireEnumeration, _ writer: inout ByteWriter) {
        writer.append(key)
        writer.append(value.name)
        writer.append(0x22)
    }
}
