import JSONText
import Quantities

extension ChargePointMachine {
    /// Answers the calls about certificates.
    mutating func certificate(_ id: MessageID, _ action: OCPPAction, _ fields: JSONValue, _ now: Instant, _ out: inout [ChargePointOutput]) {
        guard settings.features.contains(.security) else { return reply(id, error: .notSupported, action.name.description, &out) }
        let inspector = settings.inspector
        let use = fields["certificateType"]?.string.flatMap { CertificateUse(name: $0) } ?? .centralSystemRoot
        switch action {
        case .installCertificate:
            let status = store.certificates.install(pem: fields["certificate"]?.string ?? "", use: use, at: time(now), inspector: inspector)
            reply(id, action, status.wireName, &out)
            if status == .rejected {
                let type = use == .centralSystemRoot ? "InvalidCentralSystemCertificate" : "InvalidFirmwareSigningCertificate"
                noteSecurity(type, nil, now, &out)
            }
        case .deleteCertificate:
            let status = CertificateHashData(fields["certificateHashData"] ?? .null).map { store.certificates.delete($0, inspector: inspector) }
            reply(id, action, (status ?? .notFound).wireName, &out)
        case .getInstalledCertificateIds: reply(id, .object(action, text: store.certificates.answer(use, inspector: inspector).text()), &out)
        default:
            let isAccepted = store.certificates.accept(
                chain: fields["certificateChain"]?.string ?? "", commonName: commonName,
                sizeLimit: store.configuration[int: .certificateSignedMaxChainSize], at: time(now), inspector: inspector)
            reply(id, action, isAccepted ? "Accepted" : "Rejected", &out)
            if !isAccepted { noteSecurity("InvalidChargePointCertificate", nil, now, &out) }
        }
    }

    /// The name in the charge point's own certificate: its serial number.
    private var commonName: String { settings.serialNumber ?? settings.identity }

    /// The request for a certificate of its own; `nil` if the charge point has no key.
    private var signingRequest: String? {
        settings.inspector.signingRequest(commonName: commonName, organization: store.configuration[text: .cpoName])
            .flatMap { $0.utf8.count <= 5500 ? $0 : nil }
    }

    /// True if the charge point can ask for a certificate of its own.
    var canSign: Bool { settings.features.contains(.security) && signingRequest != nil }

    /// Sends SignCertificate.
    mutating func signCertificate(_ now: Instant, _ out: inout [ChargePointOutput]) {
        guard let request = signingRequest else { return }
        call(.object(.signCertificate, text: JSONValue.object([.init("csr", .string(request))]).text()), .triggered, now, &out)
    }
}
