/// A configuration key of OCPP 1.6 (section 9) or of the security whitepaper (edition 3, section 3).
public enum ConfigurationKey: Int, CaseIterable, Sendable {
    // Core
    case allowOfflineTxForUnknownId, authorizationCacheEnabled, authorizeRemoteTxRequests, blinkRepeat, clockAlignedDataInterval
    case connectionTimeOut, connectorPhaseRotation, connectorPhaseRotationMaxLength, getConfigurationMaxKeys, heartbeatInterval
    case lightIntensity, localAuthorizeOffline, localPreAuthorize, maxEnergyOnInvalidId, meterValuesAlignedData
    case meterValuesAlignedDataMaxLength, meterValuesSampledData, meterValuesSampledDataMaxLength, meterValueSampleInterval
    case minimumStatusDuration, numberOfConnectors, resetRetries, stopTransactionOnEVSideDisconnect, stopTransactionOnInvalidId
    case stopTxnAlignedData, stopTxnAlignedDataMaxLength, stopTxnSampledData, stopTxnSampledDataMaxLength, supportedFeatureProfiles
    case supportedFeatureProfilesMaxLength, transactionMessageAttempts, transactionMessageRetryInterval
    case unlockConnectorOnEVSideDisconnect, webSocketPingInterval
    // LocalAuthListManagement
    case localAuthListEnabled, localAuthListMaxLength, sendLocalListMaxLength
    // Reservation
    case reserveConnectorZeroSupported
    // SmartCharging
    case chargeProfileMaxStackLevel, chargingScheduleAllowedChargingRateUnit, chargingScheduleMaxPeriods
    case connectorSwitch3to1PhaseSupported, maxChargingProfilesInstalled
    // FirmwareManagement
    case supportedFileTransferProtocols
    // Security
    case additionalRootCertificateCheck, authorizationKey, certificateSignedMaxChainSize, certificateStoreMaxLength, cpoName
    case securityProfile

    /// What the table says about this key.
    public var definition: ConfigurationDefinition { ConfigurationDefinition.all[rawValue] }

    /// The name on the wire.
    public var name: String { definition.name }

    /// The key with this name, upper and lower case alike.
    public init?(name: String) {
        let folded = name.lowercased()
        guard let place = Self.folded.firstIndex(of: folded) else { return nil }
        self.init(rawValue: place)
    }

    private static let folded: [String] = ConfigurationDefinition.all.map { $0.name.lowercased() }
}

/// One line of the table of configuration keys.
public struct ConfigurationDefinition: Sendable {
    /// What a central system may do with a key.
    public enum Access: Sendable { case read, readWrite, write }

    /// What a value of a key looks like.
    public enum Kind: Sendable, Equatable {
        case bool
        case integer(ClosedRange<Int>)
        /// Measurands with commas between, at most as many as the other key says.
        case measurands(limit: ConfigurationKey)
        /// `0.RST,1.RTS`, `NotApplicable`, `Unknown`.
        case phaseRotations(limit: ConfigurationKey)
        /// Some of these words with commas between.
        case words([String])
        /// Any text up to a length.
        case text(Int)
        /// A password of 16 to 20 bytes as 32 to 40 hexadecimal digits.
        case password
    }

    public let key: ConfigurationKey
    public let name: String
    public let profile: FeatureProfile
    public let access: Access
    public let kind: Kind
    /// The value as messages carry it; `nil` for an optional key that is there only if a setting gives it.
    public let standardValue: String?

    private init(
        _ key: ConfigurationKey, _ name: String, _ access: Access, _ kind: Kind, _ standardValue: String?, _ profile: FeatureProfile = .core
    ) {
        self.key = key
        self.name = name
        self.access = access
        self.kind = kind
        self.standardValue = standardValue
        self.profile = profile
    }

    private static let any = 0...2_147_483_647

    /// All keys, in the order of ``ConfigurationKey``; the values are those of a usual charge point, since the standard names none.
    public static let all: [ConfigurationDefinition] = [
        .init(.allowOfflineTxForUnknownId, "AllowOfflineTxForUnknownId", .readWrite, .bool, "false"),
        .init(.authorizationCacheEnabled, "AuthorizationCacheEnabled", .readWrite, .bool, "true"),
        .init(.authorizeRemoteTxRequests, "AuthorizeRemoteTxRequests", .readWrite, .bool, "false"),
        .init(.blinkRepeat, "BlinkRepeat", .readWrite, .integer(any), nil),
        .init(.clockAlignedDataInterval, "ClockAlignedDataInterval", .readWrite, .integer(0...86_400), "0"),
        .init(.connectionTimeOut, "ConnectionTimeOut", .readWrite, .integer(any), "60"),
        .init(.connectorPhaseRotation, "ConnectorPhaseRotation", .readWrite, .phaseRotations(limit: .connectorPhaseRotationMaxLength), "Unknown"),
        .init(.connectorPhaseRotationMaxLength, "ConnectorPhaseRotationMaxLength", .read, .integer(any), nil),
        .init(.getConfigurationMaxKeys, "GetConfigurationMaxKeys", .read, .integer(1...2_147_483_647), "100"),
        .init(.heartbeatInterval, "HeartbeatInterval", .readWrite, .integer(any), "300"),
        .init(.lightIntensity, "LightIntensity", .readWrite, .integer(0...100), nil),
        .init(.localAuthorizeOffline, "LocalAuthorizeOffline", .readWrite, .bool, "true"),
        .init(.localPreAuthorize, "LocalPreAuthorize", .readWrite, .bool, "false"),
        .init(.maxEnergyOnInvalidId, "MaxEnergyOnInvalidId", .readWrite, .integer(any), nil),
        .init(.meterValuesAlignedData, "MeterValuesAlignedData", .readWrite, .measurands(limit: .meterValuesAlignedDataMaxLength), energy),
        .init(.meterValuesAlignedDataMaxLength, "MeterValuesAlignedDataMaxLength", .read, .integer(any), nil),
        .init(.meterValuesSampledData, "MeterValuesSampledData", .readWrite, .measurands(limit: .meterValuesSampledDataMaxLength), energy),
        .init(.meterValuesSampledDataMaxLength, "MeterValuesSampledDataMaxLength", .read, .integer(any), nil),
        .init(.meterValueSampleInterval, "MeterValueSampleInterval", .readWrite, .integer(any), "60"),
        .init(.minimumStatusDuration, "MinimumStatusDuration", .readWrite, .integer(any), nil),
        .init(.numberOfConnectors, "NumberOfConnectors", .read, .integer(1...65_535), "1"),
        .init(.resetRetries, "ResetRetries", .readWrite, .integer(any), "3"),
        .init(.stopTransactionOnEVSideDisconnect, "StopTransactionOnEVSideDisconnect", .readWrite, .bool, "true"),
        .init(.stopTransactionOnInvalidId, "StopTransactionOnInvalidId", .readWrite, .bool, "true"),
        .init(.stopTxnAlignedData, "StopTxnAlignedData", .readWrite, .measurands(limit: .stopTxnAlignedDataMaxLength), ""),
        .init(.stopTxnAlignedDataMaxLength, "StopTxnAlignedDataMaxLength", .read, .integer(any), nil),
        .init(.stopTxnSampledData, "StopTxnSampledData", .readWrite, .measurands(limit: .stopTxnSampledDataMaxLength), ""),
        .init(.stopTxnSampledDataMaxLength, "StopTxnSampledDataMaxLength", .read, .integer(any), nil),
        .init(.supportedFeatureProfiles, "SupportedFeatureProfiles", .read, .words(FeatureProfile.names.dropLast().map(\.description)), "Core"),
        .init(.supportedFeatureProfilesMaxLength, "SupportedFeatureProfilesMaxLength", .read, .integer(any), nil),
        .init(.transactionMessageAttempts, "TransactionMessageAttempts", .readWrite, .integer(any), "3"),
        .init(.transactionMessageRetryInterval, "TransactionMessageRetryInterval", .readWrite, .integer(any), "60"),
        .init(.unlockConnectorOnEVSideDisconnect, "UnlockConnectorOnEVSideDisconnect", .readWrite, .bool, "true"),
        .init(.webSocketPingInterval, "WebSocketPingInterval", .readWrite, .integer(any), "0"),
        .init(.localAuthListEnabled, "LocalAuthListEnabled", .readWrite, .bool, "true", .localAuthListManagement),
        .init(.localAuthListMaxLength, "LocalAuthListMaxLength", .read, .integer(any), "1000", .localAuthListManagement),
        .init(.sendLocalListMaxLength, "SendLocalListMaxLength", .read, .integer(any), "100", .localAuthListManagement),
        .init(.reserveConnectorZeroSupported, "ReserveConnectorZeroSupported", .read, .bool, "true", .reservation),
        .init(.chargeProfileMaxStackLevel, "ChargeProfileMaxStackLevel", .read, .integer(any), "100", .smartCharging),
        .init(
            .chargingScheduleAllowedChargingRateUnit, "ChargingScheduleAllowedChargingRateUnit", .read, .words(["Current", "Power"]),
            "Current,Power", .smartCharging),
        .init(.chargingScheduleMaxPeriods, "ChargingScheduleMaxPeriods", .read, .integer(1...2_147_483_647), "24", .smartCharging),
        .init(.connectorSwitch3to1PhaseSupported, "ConnectorSwitch3to1PhaseSupported", .read, .bool, nil, .smartCharging),
        .init(.maxChargingProfilesInstalled, "MaxChargingProfilesInstalled", .read, .integer(any), "50", .smartCharging),
        .init(
            .supportedFileTransferProtocols, "SupportedFileTransferProtocols", .read, .words(["FTP", "FTPS", "HTTP", "HTTPS", "SFTP"]),
            "FTP,FTPS,HTTP,HTTPS,SFTP", .firmwareManagement),
        .init(.additionalRootCertificateCheck, "AdditionalRootCertificateCheck", .read, .bool, "false", .security),
        .init(.authorizationKey, "AuthorizationKey", .write, .password, nil, .security),
        .init(.certificateSignedMaxChainSize, "CertificateSignedMaxChainSize", .read, .integer(any), "10000", .security),
        .init(.certificateStoreMaxLength, "CertificateStoreMaxLength", .read, .integer(any), "20", .security),
        .init(.cpoName, "CpoName", .readWrite, .text(500), "", .security),
        .init(.securityProfile, "SecurityProfile", .readWrite, .integer(0...3), "0", .security),
    ]

    private static let energy = "Energy.Active.Import.Register"
}
