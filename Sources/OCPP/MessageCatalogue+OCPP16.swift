extension MessageCatalogue {
    /// The 28 messages of OCPP 1.6 edition 2 and the 11 of its security whitepaper, with the types and enumerations that they use.
    ///
    /// A line is a message or a type: its name, then its fields. A field is a name, `!` if it is required, and a type: `str` with the greatest
    /// number of characters, `int`, `tenths` (a multiple of 0.1), `bool`, `dateTime`, `uri`, `{A|B}` an enumeration, the name of another line, or
    /// one of these in brackets: a list, with `+` of at least one element. Every object is closed.
    static let ocpp16Text = """
        Authorize.req idTag! str20
        Authorize.conf idTagInfo! IdTagInfo
        BootNotification.req chargePointVendor! str20, chargePointModel! str20, chargePointSerialNumber str25, chargeBoxSerialNumber str25, \
            firmwareVersion str50, iccid str20, imsi str20, meterType str25, meterSerialNumber str25
        BootNotification.conf status! {Accepted|Pending|Rejected}, currentTime! dateTime, interval! int
        ChangeAvailability.req connectorId! int, type! {Inoperative|Operative}
        ChangeAvailability.conf status! {Accepted|Rejected|Scheduled}
        ChangeConfiguration.req key! str50, value! str500
        ChangeConfiguration.conf status! {Accepted|Rejected|RebootRequired|NotSupported}
        ClearCache.req
        ClearCache.conf status! {Accepted|Rejected}
        DataTransfer.req vendorId! str255, messageId str50, data str
        DataTransfer.conf status! {Accepted|Rejected|UnknownMessageId|UnknownVendorId}, data str
        GetConfiguration.req key [str50]
        GetConfiguration.conf configurationKey [KeyValue], unknownKey [str50]
        Heartbeat.req
        Heartbeat.conf currentTime! dateTime
        MeterValues.req connectorId! int, transactionId int, meterValue! [MeterValue]+
        MeterValues.conf
        RemoteStartTransaction.req connectorId int, idTag! str20, chargingProfile ChargingProfile
        RemoteStartTransaction.conf status! {Accepted|Rejected}
        RemoteStopTransaction.req transactionId! int
        RemoteStopTransaction.conf status! {Accepted|Rejected}
        Reset.req type! {Hard|Soft}
        Reset.conf status! {Accepted|Rejected}
        StartTransaction.req connectorId! int, idTag! str20, meterStart! int, reservationId int, timestamp! dateTime
        StartTransaction.conf idTagInfo! IdTagInfo, transactionId! int
        StatusNotification.req connectorId! int, errorCode! ChargePointErrorCode, info str50, status! ChargePointStatus, timestamp dateTime, \
            vendorId str255, vendorErrorCode str50
        StatusNotification.conf
        StopTransaction.req idTag str20, meterStop! int, timestamp! dateTime, transactionId! int, reason Reason, transactionData [TransactionData]
        StopTransaction.conf idTagInfo IdTagInfo
        UnlockConnector.req connectorId! int
        UnlockConnector.conf status! {Unlocked|UnlockFailed|NotSupported}
        DiagnosticsStatusNotification.req status! {Idle|Uploaded|UploadFailed|Uploading}
        DiagnosticsStatusNotification.conf
        FirmwareStatusNotification.req status! {Downloaded|DownloadFailed|Downloading|Idle|InstallationFailed|Installing|Installed}
        FirmwareStatusNotification.conf
        GetDiagnostics.req location! uri, retries int, retryInterval int, startTime dateTime, stopTime dateTime
        GetDiagnostics.conf fileName str255
        UpdateFirmware.req location! uri, retries int, retrieveDate! dateTime, retryInterval int
        UpdateFirmware.conf
        GetLocalListVersion.req
        GetLocalListVersion.conf listVersion! int
        SendLocalList.req listVersion! int, localAuthorizationList [AuthorizationData], updateType! {Differential|Full}
        SendLocalList.conf status! {Accepted|Failed|NotSupported|VersionMismatch}
        CancelReservation.req reservationId! int
        CancelReservation.conf status! {Accepted|Rejected}
        ReserveNow.req connectorId! int, expiryDate! dateTime, idTag! str20, parentIdTag str20, reservationId! int
        ReserveNow.conf status! {Accepted|Faulted|Occupied|Rejected|Unavailable}
        ClearChargingProfile.req id int, connectorId int, chargingProfilePurpose ChargingProfilePurpose, stackLevel int
        ClearChargingProfile.conf status! {Accepted|Unknown}
        GetCompositeSchedule.req connectorId! int, duration! int, chargingRateUnit ChargingRateUnit
        GetCompositeSchedule.conf status! {Accepted|Rejected}, connectorId int, scheduleStart dateTime, chargingSchedule ChargingSchedule
        SetChargingProfile.req connectorId! int, csChargingProfiles! ChargingProfile
        SetChargingProfile.conf status! {Accepted|Rejected|NotSupported}
        TriggerMessage.req requestedMessage! {BootNotification|DiagnosticsStatusNotification|FirmwareStatusNotification|Heartbeat|MeterValues|\
            StatusNotification}, connectorId int
        TriggerMessage.conf status! {Accepted|Rejected|NotImplemented}
        CertificateSigned.req certificateChain! str10000
        CertificateSigned.conf status! {Accepted|Rejected}
        DeleteCertificate.req certificateHashData! CertificateHashData
        DeleteCertificate.conf status! {Accepted|Failed|NotFound}
        ExtendedTriggerMessage.req requestedMessage! {BootNotification|LogStatusNotification|FirmwareStatusNotification|Heartbeat|MeterValues|\
            SignChargePointCertificate|StatusNotification}, connectorId int
        ExtendedTriggerMessage.conf status! {Accepted|Rejected|NotImplemented}
        GetInstalledCertificateIds.req certificateType! CertificateUse
        GetInstalledCertificateIds.conf certificateHashData [CertificateHashData]+, status! {Accepted|NotFound}
        GetLog.req log! LogParameters, logType! {DiagnosticsLog|SecurityLog}, requestId! int, retries int, retryInterval int
        GetLog.conf status! {Accepted|Rejected|AcceptedCanceled}, filename str255
        InstallCertificate.req certificateType! CertificateUse, certificate! str5500
        InstallCertificate.conf status! {Accepted|Failed|Rejected}
        LogStatusNotification.req status! {BadMessage|Idle|NotSupportedOperation|PermissionDenied|Uploaded|UploadFailure|Uploading}, requestId int
        LogStatusNotification.conf
        SecurityEventNotification.req type! str50, timestamp! dateTime, techInfo str255
        SecurityEventNotification.conf
        SignCertificate.req csr! str5500
        SignCertificate.conf status! {Accepted|Rejected}
        SignedFirmwareStatusNotification.req status! SignedFirmwareStatus, requestId int
        SignedFirmwareStatusNotification.conf
        SignedUpdateFirmware.req retries int, retryInterval int, requestId! int, firmware! Firmware
        SignedUpdateFirmware.conf status! {Accepted|Rejected|AcceptedCanceled|InvalidCertificate|RevokedCertificate}
        """

    /// The object types and shared enumerations of OCPP 1.6.
    static let ocpp16Types = """
        AuthorizationData idTag! str20, idTagInfo IdTagInfo
        CertificateHashData hashAlgorithm! HashAlgorithm, issuerNameHash! str128, issuerKeyHash! str128, serialNumber! str40
        ChargingProfile chargingProfileId! int, transactionId int, stackLevel! int, chargingProfilePurpose! ChargingProfilePurpose, \
            chargingProfileKind! ChargingProfileKind, recurrencyKind RecurrencyKind, validFrom dateTime, validTo dateTime, \
            chargingSchedule! ChargingSchedule
        ChargingSchedule duration int, startSchedule dateTime, chargingRateUnit! ChargingRateUnit, chargingSchedulePeriod! [ChargingSchedulePeriod], \
            minChargingRate tenths
        ChargingSchedulePeriod startPeriod! int, limit! tenths, numberPhases int
        Firmware location! str512, retrieveDateTime! dateTime, installDateTime dateTime, signingCertificate! str5500, signature! str800
        IdTagInfo expiryDate dateTime, parentIdTag str20, status! AuthorizationStatus
        KeyValue key! str50, readonly! bool, value str500
        LogParameters remoteLocation! str512, oldestTimestamp dateTime, latestTimestamp dateTime
        MeterValue timestamp! dateTime, sampledValue! [SampledValue]+
        SampledValue value! str, context ReadingContext, format ValueFormat, measurand Measurand, phase Phase, location Location, unit Unit
        SampledValueStop value! str, context ReadingContext, format ValueFormat, measurand Measurand, phase Phase, location Location, unit UnitStop
        TransactionData timestamp! dateTime, sampledValue! [SampledValueStop]
        AuthorizationStatus {Accepted|Blocked|Expired|Invalid|ConcurrentTx}
        CertificateUse {CentralSystemRootCertificate|ManufacturerRootCertificate}
        ChargePointErrorCode {ConnectorLockFailure|EVCommunicationError|GroundFailure|HighTemperature|InternalError|LocalListConflict|NoError|\
            OtherError|OverCurrentFailure|PowerMeterFailure|PowerSwitchFailure|ReaderFailure|ResetFailure|UnderVoltage|OverVoltage|WeakSignal}
        ChargePointStatus {Available|Preparing|Charging|SuspendedEVSE|SuspendedEV|Finishing|Reserved|Unavailable|Faulted}
        ChargingProfileKind {Absolute|Recurring|Relative}
        ChargingProfilePurpose {ChargePointMaxProfile|TxDefaultProfile|TxProfile}
        ChargingRateUnit {A|W}
        HashAlgorithm {SHA256|SHA384|SHA512}
        Location {Cable|EV|Inlet|Outlet|Body}
        Measurand {Energy.Active.Export.Register|Energy.Active.Import.Register|Energy.Reactive.Export.Register|Energy.Reactive.Import.Register|\
            Energy.Active.Export.Interval|Energy.Active.Import.Interval|Energy.Reactive.Export.Interval|Energy.Reactive.Import.Interval|\
            Power.Active.Export|Power.Active.Import|Power.Offered|Power.Reactive.Export|Power.Reactive.Import|Power.Factor|Current.Import|Current.Export|\
            Current.Offered|Voltage|Frequency|Temperature|SoC|RPM}
        Phase {L1|L2|L3|N|L1-N|L2-N|L3-N|L1-L2|L2-L3|L3-L1}
        ReadingContext {Interruption.Begin|Interruption.End|Sample.Clock|Sample.Periodic|Transaction.Begin|Transaction.End|Trigger|Other}
        Reason {EmergencyStop|EVDisconnected|HardReset|Local|Other|PowerLoss|Reboot|Remote|SoftReset|UnlockCommand|DeAuthorized}
        RecurrencyKind {Daily|Weekly}
        SignedFirmwareStatus {Downloaded|DownloadFailed|Downloading|DownloadScheduled|DownloadPaused|Idle|InstallationFailed|Installing|Installed|\
            InstallRebooting|InstallScheduled|InstallVerificationFailed|InvalidSignature|SignatureVerified}
        Unit {Wh|kWh|varh|kvarh|W|kW|VA|kVA|var|kvar|A|V|K|Celcius|Celsius|Fahrenheit|Percent|Hertz}
        UnitStop {Wh|kWh|varh|kvarh|W|kW|VA|kVA|var|kvar|A|V|K|Celcius|Celsius|Fahrenheit|Percent}
        ValueFormat {Raw|SignedData}
        """
}
