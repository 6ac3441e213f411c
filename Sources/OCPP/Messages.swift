/// BootNotification.req: a charge point introduces itself.
public struct BootNotification: Hashable, Sendable {
    public var chargePointVendor: String
    public var chargePointModel: String
    public var chargePointSerialNumber: String?
    public var chargeBoxSerialNumber: String?
    public var firmwareVersion: String?
    public var iccid: String?
    public var imsi: String?
    public var meterType: String?
    public var meterSerialNumber: String?

    public init(vendor: String, model: String, serialNumber: String? = nil, firmwareVersion: String? = nil) {
        chargePointVendor = vendor
        chargePointModel = model
        chargePointSerialNumber = serialNumber
        self.firmwareVersion = firmwareVersion
    }
}

/// BootNotification.conf: the answer to a registration.
public struct BootNotificationResult: Hashable, Sendable {
    public var status: RegistrationStatus
    public var currentTime: OCPPTimestamp
    /// Seconds: the heartbeat period if accepted, else the wait before the next BootNotification; 0 = the charge point chooses.
    public var interval: Int

    public init(status: RegistrationStatus, currentTime: OCPPTimestamp, interval: Int) {
        self.status = status
        self.currentTime = currentTime
        self.interval = interval
    }
}

/// What a central system says about an id tag.
public struct IdTagInfo: Hashable, Sendable {
    public var status: AuthorizationStatus
    public var expiryDate: OCPPTimestamp?
    public var parentIdTag: String?

    public init(status: AuthorizationStatus, expiryDate: OCPPTimestamp? = nil, parentIdTag: String? = nil) {
        self.status = status
        self.expiryDate = expiryDate
        self.parentIdTag = parentIdTag
    }
}

/// StatusNotification.req: the state of a connector.
public struct StatusNotification: Hashable, Sendable {
    public var connectorID: Int
    public var errorCode: ChargePointErrorCode
    public var status: ChargePointStatus
    public var timestamp: OCPPTimestamp?
    public var details: Details?

    /// The rarely used texts of a StatusNotification.
    public final class Details: Hashable, Sendable {
        public let info: String?
        public let vendorID: String?
        public let vendorErrorCode: String?

        public init(info: String?, vendorID: String?, vendorErrorCode: String?) {
            self.info = info
            self.vendorID = vendorID
            self.vendorErrorCode = vendorErrorCode
        }

        public static func == (a: Details, b: Details) -> Bool {
            a.info == b.info && a.vendorID == b.vendorID && a.vendorErrorCode == b.vendorErrorCode
        }

        public func hash(into hasher: inout Hasher) { hasher.combine(info) }
    }

    public init(
        connectorID: Int, errorCode: ChargePointErrorCode = .noError, status: ChargePointStatus, timestamp: OCPPTimestamp? = nil,
        details: Details? = nil
    ) {
        self.connectorID = connectorID
        self.errorCode = errorCode
        self.status = status
        self.timestamp = timestamp
        self.details = details
    }
}

/// StartTransaction.req: charging has begun.
public struct StartTransaction: Hashable, Sendable {
    public var connectorID: Int
    public var idTag: String
    /// Register of the meter in Wh.
    public var meterStart: Int
    public var reservationID: Int?
    public var timestamp: OCPPTimestamp

    public init(connectorID: Int, idTag: String, meterStart: Int, reservationID: Int? = nil, timestamp: OCPPTimestamp) {
        self.connectorID = connectorID
        self.idTag = idTag
        self.meterStart = meterStart
        self.reservationID = reservationID
        self.timestamp = timestamp
    }
}

/// StopTransaction.req: charging has ended.
public struct StopTransaction: Hashable, Sendable {
    public var idTag: String?
    /// Register of the meter in Wh.
    public var meterStop: Int
    public var timestamp: OCPPTimestamp
    public var transactionID: Int
    /// `nil` means Local.
    public var reason: StopReason?
    /// `nil` if the message has no such field.
    public var transactionData: [MeterValue]?

    public init(
        idTag: String? = nil, meterStop: Int, timestamp: OCPPTimestamp, transactionID: Int, reason: StopReason? = nil,
        transactionData: [MeterValue]? = nil
    ) {
        self.idTag = idTag
        self.meterStop = meterStop
        self.timestamp = timestamp
        self.transactionID = transactionID
        self.reason = reason
        self.transactionData = transactionData
    }
}

/// RemoteStartTransaction.req: a central system asks for a transaction.
public struct RemoteStartTransaction: Hashable, Sendable {
    /// `nil` leaves the choice to the charge point.
    public var connectorID: Int?
    public var idTag: String
    public var chargingProfile: ChargingProfile?

    public init(connectorID: Int? = nil, idTag: String, chargingProfile: ChargingProfile? = nil) {
        self.connectorID = connectorID
        self.idTag = idTag
        self.chargingProfile = chargingProfile
    }
}

/// SetChargingProfile.req: a limit in time for a connector, or for the whole charge point (connector 0).
public struct SetChargingProfile: Hashable, Sendable {
    public var connectorID: Int
    public var profile: ChargingProfile

    public init(connectorID: Int, profile: ChargingProfile) {
        self.connectorID = connectorID
        self.profile = profile
    }
}

/// ClearChargingProfile.req: which profiles to remove; what is given must all match.
public struct ClearChargingProfile: Hashable, Sendable {
    public var id: Int?
    public var connectorID: Int?
    public var purpose: ChargingProfilePurpose?
    public var stackLevel: Int?

    public init(id: Int? = nil, connectorID: Int? = nil, purpose: ChargingProfilePurpose? = nil, stackLevel: Int? = nil) {
        self.id = id
        self.connectorID = connectorID
        self.purpose = purpose
        self.stackLevel = stackLevel
    }
}
