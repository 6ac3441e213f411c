import JSONText

/// Builds typed messages from the checked nodes of a payload.
///
/// Field numbers are places in the lines of the message catalogue. Nothing can fail here: what is required is there, and numbers of enumerations
/// are within their bounds; where the language still asks for an alternative, the first case or zero stands in.
struct PayloadBuilder {
    let source: UnsafeRawBufferPointer
    let nodes: [PayloadNode]

    /// Calls `body` with each node directly inside the object or array at `parent`.
    @inline(__always)
    private func forEach(_ parent: Int, _ body: (PayloadNode, Int) -> Void) {
        var index = parent + 1
        let end = Int(nodes[parent].next)
        while index < end {
            let node = nodes[index]
            body(node, index)
            index = max(Int(node.next), index + 1)
        }
    }

    private func text(_ node: PayloadNode) -> String {
        JSONReader.text(
            JSONStringToken(start: Int(node.start), end: Int(node.end), hasEscapes: node.hasEscapes, hasLoneSurrogate: false), in: source)
    }

    private func time(_ node: PayloadNode) -> OCPPTimestamp { OCPPTimestamp(milliseconds: Int64(node.number)) }

    private func value<Value: WireEnumeration>(_ node: PayloadNode, _ otherwise: Value) -> Value {
        Value(rawValue: UInt8(truncatingIfNeeded: node.number)) ?? otherwise
    }

    private func status<Value: WireEnumeration>(_ otherwise: Value) -> Value {
        nodes.count > 1 ? value(nodes[1], otherwise) : otherwise
    }

    /// The typed request, `nil` if the action has none here.
    func request(_ action: OCPPAction) -> OCPPPayload? {
        switch action {
        case .authorize:
            var idTag = ""
            forEach(0) { node, _ in idTag = text(node) }
            return .authorize(idTag: idTag)
        case .bootNotification: return .bootNotification(bootNotification())
        case .clearChargingProfile: return .clearChargingProfile(clearChargingProfile())
        case .heartbeat, .clearCache, .getLocalListVersion: return .empty(action)
        case .meterValues: return .meterValues(meterValues())
        case .remoteStartTransaction: return .remoteStartTransaction(remoteStart())
        case .remoteStopTransaction:
            var id = 0
            forEach(0) { node, _ in id = node.number }
            return .remoteStopTransaction(transactionID: id)
        case .setChargingProfile: return setChargingProfile()
        case .startTransaction: return .startTransaction(startTransaction())
        case .statusNotification: return .statusNotification(statusNotification())
        case .stopTransaction: return .stopTransaction(stopTransaction())
        default: return nil
        }
    }

    /// The typed confirmation, `nil` if the action has none here.
    func confirmation(_ action: OCPPAction) -> OCPPPayload? {
        switch action {
        case .authorize: return .authorizeResult(idTagInfo(1))
        case .bootNotification:
            var result = BootNotificationResult(status: .rejected, currentTime: OCPPTimestamp(milliseconds: 0), interval: 0)
            forEach(0) { node, _ in
                switch node.field {
                case 0: result.status = value(node, .rejected)
                case 1: result.currentTime = time(node)
                default: result.interval = node.number
                }
            }
            return .bootNotificationResult(result)
        case .clearChargingProfile: return .clearChargingProfileResult(status(.unknown))
        case .heartbeat: return .heartbeatResult(currentTime: nodes.count > 1 ? time(nodes[1]) : OCPPTimestamp(milliseconds: 0))
        case .meterValues, .statusNotification, .diagnosticsStatusNotification, .firmwareStatusNotification, .updateFirmware,
            .logStatusNotification, .securityEventNotification, .signedFirmwareStatusNotification:
            return .empty(action)
        case .remoteStartTransaction: return .remoteStartTransactionResult(status(.rejected))
        case .remoteStopTransaction: return .remoteStopTransactionResult(status(.rejected))
        case .setChargingProfile: return .setChargingProfileResult(status(.rejected))
        case .startTransaction:
            var info = IdTagInfo(status: .invalid)
            var id = 0
            forEach(0) { node, index in if node.field == 0 { info = idTagInfo(index) } else { id = node.number } }
            return .startTransactionResult(info, transactionID: id)
        case .stopTransaction:
            var info: IdTagInfo?
            forEach(0) { _, index in info = idTagInfo(index) }
            return .stopTransactionResult(info)
        default: return nil
        }
    }

    // MARK: Messages

    private func idTagInfo(_ index: Int) -> IdTagInfo {
        var info = IdTagInfo(status: .invalid)
        forEach(index) { node, _ in
            switch node.field {
            case 0: info.expiryDate = time(node)
            case 1: info.parentIdTag = text(node)
            default: info.status = value(node, .invalid)
            }
        }
        return info
    }

    private func bootNotification() -> BootNotification {
        var message = BootNotification(vendor: "", model: "")
        forEach(0) { node, _ in
            switch node.field {
            case 0: message.chargePointVendor = text(node)
            case 1: message.chargePointModel = text(node)
            case 2: message.chargePointSerialNumber = text(node)
            case 3: message.chargeBoxSerialNumber = text(node)
            case 4: message.firmwareVersion = text(node)
            case 5: message.iccid = text(node)
            case 6: message.imsi = text(node)
            case 7: message.meterType = text(node)
            default: message.meterSerialNumber = text(node)
            }
        }
        return message
    }

    private func clearChargingProfile() -> ClearChargingProfile {
        var message = ClearChargingProfile()
        forEach(0) { node, _ in
            switch node.field {
            case 0: message.id = node.number
            case 1: message.connectorID = node.number
            case 2: message.purpose = value(node, .txProfile)
            default: message.stackLevel = node.number
            }
        }
        return message
    }

    private func remoteStart() -> RemoteStartTransaction {
        var message = RemoteStartTransaction(idTag: "")
        forEach(0) { node, index in
            switch node.field {
            case 0: message.connectorID = node.number
            case 1: message.idTag = text(node)
            default: message.chargingProfile = profile(index)
            }
        }
        return message
    }

    private func setChargingProfile() -> OCPPPayload? {
        var connector = 0
        var found: ChargingProfile?
        forEach(0) { node, index in if node.field == 0 { connector = node.number } else { found = profile(index) } }
        return found.map { .setChargingProfile(SetChargingProfile(connectorID: connector, profile: $0)) }
    }

    private func profile(_ parent: Int) -> ChargingProfile {
        var (id, level) = (0, 0)
        var transaction: Int?
        var (purpose, kind) = (ChargingProfilePurpose.txProfile, ChargingProfileKind.absolute)
        var recurrency: RecurrencyKind?
        var validFrom: OCPPTimestamp?
        var validTo: OCPPTimestamp?
        var schedule = ChargingSchedule(unit: .amperes, periods: [])
        forEach(parent) { node, index in
            switch node.field {
            case 0: id = node.number
            case 1: transaction = node.number
            case 2: level = node.number
            case 3: purpose = value(node, .txProfile)
            case 4: kind = value(node, .absolute)
            case 5: recurrency = value(node, .daily)
            case 6: validFrom = time(node)
            case 7: validTo = time(node)
            default: schedule = self.schedule(index)
            }
        }
        return ChargingProfile(
            id: id, transactionID: transaction, stackLevel: level, purpose: purpose, kind: kind, recurrency: recurrency, validFrom: validFrom,
            validTo: validTo, schedule: schedule)
    }

    private func schedule(_ parent: Int) -> ChargingSchedule {
        var schedule = ChargingSchedule(unit: .amperes, periods: [])
        forEach(parent) { node, index in
            switch node.field {
            case 0: schedule.duration = node.number
            case 1: schedule.startSchedule = time(node)
            case 2: schedule.unit = value(node, .amperes)
            case 3:
                forEach(index) { _, item in
                    var period = ChargingSchedulePeriod(startPeriod: 0, limitTenths: 0)
                    forEach(item) { node, _ in
                        switch node.field {
                        case 0: period.startPeriod = node.number
                        case 1: period.limitTenths = node.number
                        default: period.numberPhases = node.number
                        }
                    }
                    schedule.periods.append(period)
                }
            default: schedule.minChargingRateTenths = node.number
            }
        }
        return schedule
    }

    private func startTransaction() -> StartTransaction {
        var message = StartTransaction(connectorID: 0, idTag: "", meterStart: 0, timestamp: OCPPTimestamp(milliseconds: 0))
        forEach(0) { node, _ in
            switch node.field {
            case 0: message.connectorID = node.number
            case 1: message.idTag = text(node)
            case 2: message.meterStart = node.number
            case 3: message.reservationID = node.number
            default: message.timestamp = time(node)
            }
        }
        return message
    }

    private func statusNotification() -> StatusNotification {
        var message = StatusNotification(connectorID: 0, status: .faulted)
        var (info, vendorID, vendorErrorCode): (String?, String?, String?) = (nil, nil, nil)
        forEach(0) { node, _ in
            switch node.field {
            case 0: message.connectorID = node.number
            case 1: message.errorCode = value(node, .otherError)
            case 2: info = text(node)
            case 3: message.status = value(node, .faulted)
            case 4: message.timestamp = time(node)
            case 5: vendorID = text(node)
            default: vendorErrorCode = text(node)
            }
        }
        if info != nil || vendorID != nil || vendorErrorCode != nil {
            message.details = .init(info: info, vendorID: vendorID, vendorErrorCode: vendorErrorCode)
        }
        return message
    }

    private func stopTransaction() -> StopTransaction {
        var message = StopTransaction(meterStop: 0, timestamp: OCPPTimestamp(milliseconds: 0), transactionID: 0)
        forEach(0) { node, index in
            switch node.field {
            case 0: message.idTag = text(node)
            case 1: message.meterStop = node.number
            case 2: message.timestamp = time(node)
            case 3: message.transactionID = node.number
            case 4: message.reason = value(node, .other)
            default:
                var data: [MeterValue] = []
                forEach(index) { _, item in data.append(meterValue(item)) }
                message.transactionData = data
            }
        }
        return message
    }

    private func meterValues() -> MeterValues {
        var message = MeterValues(connectorID: 0, value: MeterValue(timestamp: OCPPTimestamp(milliseconds: 0), first: nil))
        forEach(0) { node, index in
            switch node.field {
            case 0: message.connectorID = node.number
            case 1: message.transactionID = node.number
            default:
                var isFirst = true
                forEach(index) { _, item in
                    if isFirst { message.value = meterValue(item) } else { message.further.append(meterValue(item)) }
                    isFirst = false
                }
            }
        }
        return message
    }

    private func meterValue(_ parent: Int) -> MeterValue {
        var value = MeterValue(timestamp: OCPPTimestamp(milliseconds: 0), first: nil)
        forEach(parent) { node, index in
            guard node.field == 1 else {
                value.timestamp = time(node)
                return
            }
            var isFirst = true
            forEach(index) { _, item in
                if isFirst { value.first = sample(item) } else { value.others.append(sample(item)) }
                isFirst = false
            }
        }
        return value
    }

    private func sample(_ parent: Int) -> SampledValue {
        var sample = SampledValue(mantissa: 0)
        forEach(parent) { node, _ in
            switch node.field {
            case 0: setValue(&sample, node)
            case 1: sample.context = value(node, .other)
            case 2: sample.format = value(node, .raw)
            case 3: sample.measurand = value(node, .energyActiveImportRegister)
            case 4: sample.phase = value(node, .n)
            case 5: sample.location = value(node, .outlet)
            default: sample.unit = value(node, .wattHours)
            }
        }
        return sample
    }

    /// Takes a plain decimal number as digits and scale; any other text as it is.
    private func setValue(_ sample: inout SampledValue, _ node: PayloadNode) {
        let content = source[Int(node.start)..<Int(node.end)]
        if !node.hasEscapes, let (mantissa, scale) = Self.plainDecimal(content) {
            sample.mantissa = mantissa
            sample.scale = scale
        } else {
            sample.text = SampledValue.Text(text(node))
        }
    }

    /// Digits and scale of a decimal number that would be written in the same way; `nil` for every other text.
    private static func plainDecimal(_ text: Slice<UnsafeRawBufferPointer>) -> (Int, UInt8)? {
        let isNegative = text.first == 0x2D
        let digits = isNegative ? text.dropFirst() : text
        guard let first = digits.first, digits.count <= 19, 0x30...0x39 ~= first else { return nil }
        if first == 0x30, digits.count > 1, digits[digits.startIndex + 1] != 0x2E { return nil }
        var (mantissa, scale, afterPoint) = (0, 0, false)
        for byte in digits {
            if byte == 0x2E, !afterPoint {
                afterPoint = true
            } else if 0x30...0x39 ~= byte, mantissa < 100_000_000_000_000_000 {
                mantissa = mantissa * 10 + Int(byte) - 0x30
                if afterPoint { scale += 1 }
            } else {
                return nil
            }
        }
        if afterPoint == (scale == 0) || (isNegative && mantissa == 0) { return nil }
        return (isNegative ? -mantissa : mantissa, UInt8(scale))
    }
}
