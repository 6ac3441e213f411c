import Quantities

/// The answer of a charge point to ChangeConfiguration.
public enum ChangeConfigurationStatus: UInt8, WireEnumeration {
    case accepted, rejected, rebootRequired, notSupported
    public static let names: [StaticString] = ["Accepted", "Rejected", "RebootRequired", "NotSupported"]
}

/// The answer of a charge point to SendLocalList.
public enum SendLocalListStatus: UInt8, WireEnumeration {
    case accepted, failed, notSupported, versionMismatch
    public static let names: [StaticString] = ["Accepted", "Failed", "NotSupported", "VersionMismatch"]
}

/// The answer of a charge point to ReserveNow.
public enum ReservationStatus: UInt8, WireEnumeration {
    case accepted, faulted, occupied, rejected, unavailable
    public static let names: [StaticString] = ["Accepted", "Faulted", "Occupied", "Rejected", "Unavailable"]
}

/// The answer of a charge point to GetLog.
public enum GetLogStatus: UInt8, WireEnumeration {
    case accepted, rejected, acceptedCanceled
    public static let names: [StaticString] = ["Accepted", "Rejected", "AcceptedCanceled"]
}

/// The answer of a charge point to SignedUpdateFirmware.
public enum SignedUpdateFirmwareStatus: UInt8, WireEnumeration {
    case accepted, rejected, acceptedCanceled, invalidCertificate, revokedCertificate
    public static let names: [StaticString] = ["Accepted", "Rejected", "AcceptedCanceled", "InvalidCertificate", "RevokedCertificate"]
}

/// The answer of a charge point to InstallCertificate.
public enum InstallCertificateStatus: UInt8, WireEnumeration {
    case accepted, failed, rejected
    public static let names: [StaticString] = ["Accepted", "Failed", "Rejected"]
}

/// The answer of a charge point to DeleteCertificate.
public enum DeleteCertificateStatus: UInt8, WireEnumeration {
    case accepted, failed, notFound
    public static let names: [StaticString] = ["Accepted", "Failed", "NotFound"]
}

/// What a root certificate is for.
public enum CertificateUse: UInt8, WireEnumeration {
    case centralSystemRoot, manufacturerRoot
    public static let names: [StaticString] = ["CentralSystemRootCertificate", "ManufacturerRootCertificate"]
}

/// The hash that certificates are named by.
public enum HashAlgorithm: UInt8, WireEnumeration {
    case sha256, sha384, sha512
    public static let names: [StaticString] = ["SHA256", "SHA384", "SHA512"]
}

/// The feature profiles of OCPP 1.6, and the extensions of the security whitepaper.
public enum FeatureProfile: UInt8, WireEnumeration {
    case core, firmwareManagement, localAuthListManagement, reservation, smartCharging, remoteTrigger, security
    public static let names: [StaticString] = [
        "Core", "FirmwareManagement", "LocalAuthListManagement", "Reservation", "SmartCharging", "RemoteTrigger", "Security",
    ]
}

extension WireEnumeration {
    /// The name on the wire as a string.
    public var wireName: String { name.description }

    /// The case whose name on the wire is this one, upper and lower case alike.
    static func folding(_ name: some StringProtocol) -> Self? {
        allCases.first { $0.name.description.utf8.elementsEqual(name.utf8) } ?? allCases.first { $0.name.description.lowercased() == name.lowercased() }
    }
}

extension OCPPTimestamp {
    /// The instant a duration later, in whole milliseconds and within the years that can be written.
    public func advanced(by duration: Duration) -> OCPPTimestamp {
        let (sum, overflow) = milliseconds.addingReportingOverflow(duration.nanoseconds / 1_000_000)
        guard !overflow else { return OCPPTimestamp(milliseconds: duration.nanoseconds < 0 ? Self.first : Self.last) }
        return OCPPTimestamp(milliseconds: Swift.min(Swift.max(sum, Self.first), Self.last))
    }
}
