/// An enumeration whose cases stand in the order of the message catalogue, so that a raw value is the place of a name there.
public protocol WireEnumeration: RawRepresentable<UInt8>, CaseIterable, Sendable {
    /// The names on the wire, by raw value.
    static var names: [StaticString] { get }
}

extension WireEnumeration {
    /// The name on the wire.
    public var name: StaticString { Self.names[Int(rawValue)] }

    /// The case with this name on the wire; names are case-sensitive.
    public init?(name: String) {
        guard let place = Self.names.firstIndex(where: { $0.description == name }) else { return nil }
        self.init(rawValue: UInt8(place))
    }
}

/// The state of a charge point's registration (BootNotification.conf).
public enum RegistrationStatus: UInt8, WireEnumeration {
    case accepted, pending, rejected
    public static let names: [StaticString] = ["Accepted", "Pending", "Rejected"]
}

/// The answer of a charge point to RemoteStartTransaction and RemoteStopTransaction.
public enum RemoteStatus: UInt8, WireEnumeration {
    case accepted, rejected
    public static let names: [StaticString] = ["Accepted", "Rejected"]
}

/// The answer of a charge point to SetChargingProfile.
public enum ChargingProfileStatus: UInt8, WireEnumeration {
    case accepted, rejected, notSupported
    public static let names: [StaticString] = ["Accepted", "Rejected", "NotSupported"]
}

/// The answer of a charge point to ClearChargingProfile.
public enum ClearChargingProfileStatus: UInt8, WireEnumeration {
    case accepted, unknown
    public static let names: [StaticString] = ["Accepted", "Unknown"]
}

/// What a central system thinks of an id tag.
public enum AuthorizationStatus: UInt8, WireEnumeration {
    case accepted, blocked, expired, invalid, concurrentTx
    public static let names: [StaticString] = ["Accepted", "Blocked", "Expired", "Invalid", "ConcurrentTx"]
}

/// The error that a StatusNotification reports.
public enum ChargePointErrorCode: UInt8, WireEnumeration {
    case connectorLockFailure, evCommunicationError, groundFailure, highTemperature, internalError, localListConflict, noError, otherError
    case overCurrentFailure, powerMeterFailure, powerSwitchFailure, readerFailure, resetFailure, underVoltage, overVoltage, weakSignal
    public static let names: [StaticString] = [
        "ConnectorLockFailure", "EVCommunicationError", "GroundFailure", "HighTemperature", "InternalError", "LocalListConflict", "NoError",
        "OtherError", "OverCurrentFailure", "PowerMeterFailure", "PowerSwitchFailure", "ReaderFailure", "ResetFailure", "UnderVoltage",
        "OverVoltage", "WeakSignal",
    ]
}

/// The nine states of a connector; connector 0 knows only Available, Unavailable and Faulted.
public enum ChargePointStatus: UInt8, WireEnumeration {
    case available, preparing, charging, suspendedEVSE, suspendedEV, finishing, reserved, unavailable, faulted
    public static let names: [StaticString] = [
        "Available", "Preparing", "Charging", "SuspendedEVSE", "SuspendedEV", "Finishing", "Reserved", "Unavailable", "Faulted",
    ]

    /// True if OCPP 1.6 section 4.9 lets a connector go from this state to the other; a repeated state is always legal.
    public func canBecome(_ next: ChargePointStatus) -> Bool {
        if self == next || self == .faulted { return true }
        switch next {
        case .faulted: return true
        case .available: return true
        case .preparing: return [.available, .finishing, .reserved, .unavailable].contains(self)
        case .charging: return [.available, .preparing, .suspendedEV, .suspendedEVSE, .unavailable].contains(self)
        case .suspendedEV: return [.available, .preparing, .charging, .suspendedEVSE, .unavailable].contains(self)
        case .suspendedEVSE: return [.available, .preparing, .charging, .suspendedEV, .unavailable].contains(self)
        case .finishing: return [.preparing, .charging, .suspendedEV, .suspendedEVSE].contains(self)
        case .reserved: return self == .available
        case .unavailable: return self != .preparing
        }
    }
}

/// Why a transaction was stopped; absent in the message means Local.
public enum StopReason: UInt8, WireEnumeration {
    case emergencyStop, evDisconnected, hardReset, local, other, powerLoss, reboot, remote, softReset, unlockCommand, deAuthorized
    public static let names: [StaticString] = [
        "EmergencyStop", "EVDisconnected", "HardReset", "Local", "Other", "PowerLoss", "Reboot", "Remote", "SoftReset", "UnlockCommand",
        "DeAuthorized",
    ]
}

/// The unit of a charging schedule.
public enum ChargingRateUnit: UInt8, WireEnumeration {
    case amperes, watts
    public static let names: [StaticString] = ["A", "W"]
}

/// What a charging profile is for.
public enum ChargingProfilePurpose: UInt8, WireEnumeration {
    case chargePointMaxProfile, txDefaultProfile, txProfile
    public static let names: [StaticString] = ["ChargePointMaxProfile", "TxDefaultProfile", "TxProfile"]
}

/// From when the periods of a charging schedule count.
public enum ChargingProfileKind: UInt8, WireEnumeration {
    case absolute, recurring, relative
    public static let names: [StaticString] = ["Absolute", "Recurring", "Relative"]
}

/// How often a recurring schedule begins anew.
public enum RecurrencyKind: UInt8, WireEnumeration {
    case daily, weekly
    public static let names: [StaticString] = ["Daily", "Weekly"]
}

/// What a sampled value measures.
public enum Measurand: UInt8, WireEnumeration {
    case energyActiveExportRegister, energyActiveImportRegister, energyReactiveExportRegister, energyReactiveImportRegister
    case energyActiveExportInterval, energyActiveImportInterval, energyReactiveExportInterval, energyReactiveImportInterval
    case powerActiveExport, powerActiveImport, powerOffered, powerReactiveExport, powerReactiveImport, powerFactor
    case currentImport, currentExport, currentOffered, voltage, frequency, temperature, soc, rpm
    public static let names: [StaticString] = [
        "Energy.Active.Export.Register", "Energy.Active.Import.Register", "Energy.Reactive.Export.Register", "Energy.Reactive.Import.Register",
        "Energy.Active.Export.Interval", "Energy.Active.Import.Interval", "Energy.Reactive.Export.Interval", "Energy.Reactive.Import.Interval",
        "Power.Active.Export", "Power.Active.Import", "Power.Offered", "Power.Reactive.Export", "Power.Reactive.Import", "Power.Factor",
        "Current.Import", "Current.Export", "Current.Offered", "Voltage", "Frequency", "Temperature", "SoC", "RPM",
    ]
}

/// When and why a sample was taken.
public enum ReadingContext: UInt8, WireEnumeration {
    case interruptionBegin, interruptionEnd, sampleClock, samplePeriodic, transactionBegin, transactionEnd, trigger, other
    public static let names: [StaticString] = [
        "Interruption.Begin", "Interruption.End", "Sample.Clock", "Sample.Periodic", "Transaction.Begin", "Transaction.End", "Trigger", "Other",
    ]
}

/// The phase that a sample belongs to.
public enum MeterPhase: UInt8, WireEnumeration {
    case l1, l2, l3, n, l1N, l2N, l3N, l1L2, l2L3, l3L1
    public static let names: [StaticString] = ["L1", "L2", "L3", "N", "L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1"]
}

/// Where a sample was taken.
public enum MeterLocation: UInt8, WireEnumeration {
    case cable, ev, inlet, outlet, body
    public static let names: [StaticString] = ["Cable", "EV", "Inlet", "Outlet", "Body"]
}

/// The unit of a sampled value; `Hertz` is legal in MeterValues only.
public enum MeterUnit: UInt8, WireEnumeration {
    case wattHours, kilowattHours, varHours, kilovarHours, watts, kilowatts, voltAmperes, kilovoltAmperes, vars, kilovars, amperes, volts, kelvin
    case celcius, celsius, fahrenheit, percent, hertz
    public static let names: [StaticString] = [
        "Wh", "kWh", "varh", "kvarh", "W", "kW", "VA", "kVA", "var", "kvar", "A", "V", "K", "Celcius", "Celsius", "Fahrenheit", "Percent", "Hertz",
    ]
}

/// How a sampled value is written.
public enum ValueFormat: UInt8, WireEnumeration {
    case raw, signedData
    public static let names: [StaticString] = ["Raw", "SignedData"]
}
