import Quantities
import ScenarioLanguage
import Transport

/// Kind `ocpp-proxy`: stands between charge points and a central system that are other programs, in a live run.
///
/// Each charge point that connects to it gets a connection of its own to the central system, under the same path, credentials and subprotocols.
/// What comes from one side goes to the other as it is, unless attacks against the proxy change it.
final class ProxyNode: Node {
    private enum Signal { static let connected = 0, messages = 1 }

    /// Where it listens.
    let live: LiveListening
    /// The central system: an address, or the name of a node of this run.
    let centralSystem: String
    /// How it proves to the central system who it is, and whom it trusts.
    let upstream: LiveSecurity
    private var connected = 0

    private init(_ context: NodeContext) throws(RunFailure) {
        var live = try CentralSystemNode.listening(context)
        // Who names the authorities of charge points wants to see their certificates.
        if live.security.certificate != nil { live.security.profile = live.security.authorities == nil ? .basicTLS : .mutualTLS }
        self.live = live
        centralSystem = context.text("csms") ?? ""
        var upstream = LiveSecurity()
        upstream.authorities = context.text("csms_ca")
        upstream.certificate = context.text("csms_certificate")
        upstream.privateKey = context.text("csms_key")
        self.upstream = upstream
        super.init(in: context)
    }

    override var listening: LiveListening? { live }

    override func powerOn() { publish(Signal.connected, 0) }

    /// A charge point has come, or gone.
    func count(_ change: Int) {
        connected += change
        publish(Signal.connected, Double(connected))
    }

    static let kind = NodeKind(
        manifest: KindManifest(
            name: "ocpp-proxy",
            about: "Stands between charge points and a central system that are other programs, in a live run: attacks against it change what passes.",
            roles: [.chargePoint],
            settings: [
                SettingManifest(
                    "csms", .text, required: true, about: "Where it connects to: ws://HOST:PORT/PATH, wss://…, or the name of a csms of this run."),
                SettingManifest(
                    "listen", .text, about: "Where charge points connect, HOST:PORT; port 0 is any free one, which is told; 127.0.0.1:0 when not given."),
                SettingManifest(
                    "tls_certificate", .text, about: "PEM file with the certificate chain that it shows to charge points, which then connect with wss."),
                SettingManifest("tls_key", .text, about: "PEM file with the key of the certificate."),
                SettingManifest("tls_ca", .text, about: "PEM file with the authorities of charge points, which then have to show a certificate."),
                SettingManifest("csms_ca", .text, about: "PEM file with the authorities that the central system is trusted by."),
                SettingManifest("csms_certificate", .text, about: "PEM file with the certificate chain that it shows to the central system."),
                SettingManifest("csms_key", .text, about: "PEM file with the key of that certificate."),
            ],
            signals: [SignalManifest("connected", held: true, about: "Charge points that are connected through it.")],
            example: """
                evsim: 1
                scenario: ocpp-proxy-example
                run: {for: 10s}
                nodes:
                  proxy: {is: ocpp-proxy, listen: "127.0.0.1:0", csms: "ws://127.0.0.1:9000/ocpp"}
                expect:
                  - =proxy.connected == 0
                """)
    ) { context throws(RunFailure) in try ProxyNode(context) }
}
