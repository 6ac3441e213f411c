import OCPP
import Quantities
import ScenarioLanguage

extension CentralSystemNode {
    static let kind = NodeKind(
        manifest: KindManifest(
            name: "csms", about: "A central system (CSMS) of OCPP 1.6: accepts charge points, answers them, counts transactions and sends what the steps say.",
            roles: [.centralSystem], settings: settings,
            signals: [
                SignalManifest("transactions", held: true, about: "Transactions that run now."),
                SignalManifest("connected", held: true, about: "Connections of charge points that stand."),
                SignalManifest("registered", held: true, about: "Charge points whose last BootNotification was accepted."),
                SignalManifest("energy", .energy, unit: "Wh", held: true, about: "Energy of all transactions that have ended."),
                SignalManifest("messages", held: true, about: "Messages that charge points have sent; updated at most once a second."),
                SignalManifest("rejected", held: true, about: "Calls of charge points that were answered with an error."),
                SignalManifest("violations", held: true, about: "Messages that were wrong, or made no sense when they came."),
            ],
            actions: [
                ActionManifest(
                    "disconnect",
                    settings: [SettingManifest("charge_point", .nodes(roles: [.chargePoint]), about: "Charge points to disconnect; all when not given.")],
                    about: "Closes connections."),
                ActionManifest(
                    "restart", settings: [SettingManifest("for", .duration, default: "1s", about: "How long it is away.")],
                    about: "Closes every connection and starts anew; what it knows of charge points and transactions stays."),
                ActionManifest(
                    "kill", settings: [SettingManifest("for", .duration, about: "How long it is away; until 'start' when not given.")],
                    about: "Ends the process at once, as kill -9 does; what it has stored stays."),
                ActionManifest("start", about: "Starts it again after 'kill'."),
                ActionManifest("stop-answering", about: "Leaves connections open and neither reads nor sends anything more: half-open connections."),
                ActionManifest("answer-again", about: "Ends 'stop-answering'; what was sent meanwhile is lost."),
            ],
            example: """
                evsim: 1
                scenario: csms-example
                run: {for: 1min}
                nodes:
                  csms: {is: csms, heartbeat_every: 10s}
                  cp1: {is: charge-point, csms: csms}
                expect:
                  - =count(ocpp.Heartbeat) == 5
                """)
    ) { context throws(RunFailure) in try CentralSystemNode(context) }

    private static let settings: [SettingManifest] = [
        SettingManifest(
            "listen", .text, about: "Address of a live run, HOST:PORT; port 0 is any free one, which is told; 127.0.0.1:0 when not given."),
        SettingManifest(
            "security_profile", .count, default: "0", min: "0", max: "3", about: "Security profile of a live run: 1 password, 2 with TLS, 3 certificates."),
        SettingManifest("tls_certificate", .text, about: "PEM file with its certificate chain, for profiles 2 and 3."),
        SettingManifest("tls_key", .text, about: "PEM file with the key of the certificate."),
        SettingManifest("tls_ca", .text, about: "PEM file with the authorities of charge points, for profile 3."),
        SettingManifest("ping_every", .duration, about: "Period of pings in a live run; a charge point that does not answer within it is gone."),
        SettingManifest("compress", .flag, default: "false", about: "Whether permessage-deflate is agreed to in a live run."),
        SettingManifest(
            "heartbeat_every", .duration, default: "5min", min: "1s", max: "7d", about: "Interval of BootNotification.conf: the period of Heartbeat."),
        SettingManifest("boot_status", .oneOf(["accepted", "pending", "rejected"]), default: "accepted", about: "Answer to BootNotification."),
        SettingManifest("known", .texts(allowed: []), about: "Identities of the charge points that may connect; every one when not given."),
        SettingManifest(
            "second_connection", .oneOf(["refuse", "replace", "allow"]), default: "replace",
            about: "A second connection with the same identity: is refused, takes the place of the first, or stands beside it."),
        SettingManifest(
            "passwords", .texts(allowed: []),
            about: "Passwords of charge points, as IDENTITY=PASSWORD, *=PASSWORD for all others; hexadecimal digits are the bytes of an AuthorizationKey."),
        SettingManifest("id_tags", .text, about: "Tags that are accepted, with spaces between; every tag when not given."),
        SettingManifest("blocked_tags", .texts(allowed: []), about: "Tags that get the status Blocked."),
        SettingManifest("expired_tags", .texts(allowed: []), about: "Tags that get the status Expired."),
        SettingManifest(
            "tag_expiry", .texts(allowed: []), about: "Dates of expiry, as TAG=2000-01-01T00:10:00Z, or TAG=10min, counted from the switching on."),
        SettingManifest("tag_groups", .texts(allowed: []), about: "Groups of tags, as TAG=GROUP: parentIdTag. A tag of the group may stop its transactions."),
        SettingManifest(
            "one_transaction_per_tag", .flag, default: "false", about: "Whether a tag with a running transaction gets ConcurrentTx for the next one."),
        SettingManifest(
            "transaction_ids", .oneOf(["sequential", "random"]), default: "sequential",
            about: "Ids of transactions: 1, 2, 3, … or numbers that nobody can guess."),
        SettingManifest("vendors", .texts(allowed: []), about: "Vendors whose DataTransfer is accepted; others get UnknownVendorId."),
        SettingManifest("call_timeout", .duration, default: "30s", min: "1ms", max: "1d", about: "How long its calls wait for their answers."),
        SettingManifest("flood_limit", .count, min: "1", about: "Messages that a charge point may send within a second; no limit when not given."),
        SettingManifest(
            "on_flood", .oneOf(["disconnect", "ignore"]), default: "disconnect",
            about: "A charge point that sends more is disconnected, or what is too much is not read."),
        SettingManifest("strict", .flag, default: "true", about: "Whether messages with fields that the standard does not have are refused."),
        SettingManifest(
            "replies", .replies(caller: .chargePoint), about: "Answers that differ from its own, for each message a reply or a list of replies."),
    ]

    /// The settings of the machine that a node stands for.
    static func machineSettings(_ context: NodeContext) throws(RunFailure) -> CentralSystemSettings {
        var settings = CentralSystemSettings()
        let scenario = context.simulation.scenario
        settings.interval = Int((context.duration("heartbeat_every") ?? .seconds(300)).seconds)
        if let status = context.choice("boot_status") { settings.bootStatus = [.accepted, .pending, .rejected][min(status, 2)] }
        settings.known = context.texts("known")
        if let policy = context.choice("second_connection") { settings.secondConnection = SecondConnectionPolicy(rawValue: UInt8(policy)) ?? .replace }
        settings.passwords = try pairs(context, "passwords").map { PasswordEntry(identity: $0.key, key: $0.value) }
        settings.idTags = try tags(context)
        settings.acceptsOtherTags = context.text("id_tags") == nil
        settings.oneTransactionPerTag = context.flag("one_transaction_per_tag")
        if let policy = context.choice("transaction_ids") { settings.transactionIDs = TransactionIDPolicy(rawValue: UInt8(policy)) ?? .sequential }
        settings.seed = scenario.run.seed ^ OCPPDraws.key(context.name)
        settings.vendors = context.texts("vendors") ?? []
        settings.callTimeout = context.duration("call_timeout") ?? .seconds(30)
        settings.floodLimit = context.number("flood_limit").map { Int($0) }
        if let policy = context.choice("on_flood") { settings.onFlood = FloodPolicy(rawValue: UInt8(policy)) ?? .disconnect }
        settings.isStrict = context.flag("strict")
        return settings
    }

    /// What is known of id tags; `nil` when nothing is said of any.
    private static func tags(_ context: NodeContext) throws(RunFailure) -> [IdTagEntry]? {
        var entries: [IdTagEntry] = []
        func change(_ tag: String, _ body: (inout IdTagEntry) -> Void) {
            let place = entries.firstIndex { $0.idTag.lowercased() == tag.lowercased() } ?? entries.count
            if place == entries.count { entries.append(IdTagEntry(tag)) }
            body(&entries[place])
        }
        for tag in context.text("id_tags")?.split(separator: " ") ?? [] { change(String(tag)) { _ in } }
        for tag in context.texts("blocked_tags") ?? [] { change(tag) { $0.status = .blocked } }
        for tag in context.texts("expired_tags") ?? [] { change(tag) { $0.status = .expired } }
        for (tag, group) in try pairs(context, "tag_groups") { change(tag) { $0.parentIdTag = group } }
        for (tag, text) in try pairs(context, "tag_expiry") {
            var date = OCPPTimestamp(rfc3339: text)
            if date == nil, let time = try? Quantity.parse(text), time.dimension == .time, let nanoseconds = time.exactNanoseconds {
                date = OCPPTimestamp(epoch: context.simulation.scenario.run.epoch, Instant(nanoseconds: nanoseconds))
            }
            guard let date else { throw problem(context, "'tag_expiry' takes TAG=2000-01-01T00:10:00Z or TAG=10min, not '\(tag)=\(text)'") }
            change(tag) { $0.expiryDate = date }
        }
        return entries.isEmpty && context.text("id_tags") == nil ? nil : entries
    }

    /// Entries of the form KEY=VALUE.
    private static func pairs(_ context: NodeContext, _ name: String) throws(RunFailure) -> [(key: String, value: String)] {
        var result: [(key: String, value: String)] = []
        for text in context.texts(name) ?? [] {
            guard let sign = text.firstIndex(of: "="), sign != text.startIndex else {
                throw problem(context, "'\(name)' takes entries of the form NAME=VALUE, not '\(text)'")
            }
            result.append((String(text[..<sign]), String(text[text.index(after: sign)...])))
        }
        return result
    }

    private static func problem(_ context: NodeContext, _ text: String) -> RunFailure {
        RunFailure(code: .badNode, message: "\(context.name): \(text)", span: nil, time: nil)
    }
}
