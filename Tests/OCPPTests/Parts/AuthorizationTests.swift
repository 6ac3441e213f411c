import JSONText
import Quantities
import Testing

@testable import OCPP

/// 2026-01-01T00:00:00Z and some seconds.
func clock(_ seconds: Int64 = 0) -> OCPPTimestamp { OCPPTimestamp(milliseconds: 1_767_225_600_000 + seconds * 1000) }

@Suite("Local list, cache and local authorisation")
struct AuthorizationTests {
    private func update(_ version: Int64, _ kind: String, _ entries: [(String, String?)]) -> JSONValue {
        let list = entries.map { tag, status -> JSONValue in
            var members: [JSONValue.Member] = [.init("idTag", .string(tag))]
            if let status { members.append(.init("idTagInfo", ["status": .string(status)])) }
            return .object(members)
        }
        return ["listVersion": .integer(version), "updateType": .string(kind), "localAuthorizationList": .array(list)]
    }

    @Test("A full list replaces, a difference adds, changes and removes; versions rise")
    func list() {
        var list = LocalList()
        #expect(list.version(isEnabled: true) == 0 && list.version(isEnabled: false) == -1)
        #expect(list.apply(update(1, "Full", [("B", "Accepted"), ("a", "Blocked"), ("C", "Accepted")]), limit: 10, sendLimit: 5) == .accepted)
        #expect(list.count == 3 && list.info("A")?.status == .blocked && list.info("b")?.status == .accepted && list.info("d") == nil)
        #expect(list.apply(update(1, "Differential", [("d", "Accepted")]), limit: 10, sendLimit: 5) == .versionMismatch)
        #expect(list.apply(update(5, "Differential", [("A", "Accepted"), ("b", nil), ("D", "Invalid")]), limit: 10, sendLimit: 5) == .accepted)
        #expect(list.version(isEnabled: true) == 5 && list.count == 3)
        #expect(list.info("a")?.status == .accepted && list.info("B") == nil && list.info("d")?.status == .invalid)
        #expect(list.apply(update(2, "Full", []), limit: 10, sendLimit: 5) == .accepted)
        #expect(list.version(isEnabled: true) == 0 && list.listVersion == 2)
    }

    @Test("What cannot be applied changes nothing")
    func refused() {
        var list = LocalList()
        _ = list.apply(update(3, "Full", [("A", "Accepted")]), limit: 2, sendLimit: 2)
        let before = list
        let many = update(4, "Full", [("A", "Accepted"), ("B", "Accepted"), ("C", "Accepted")])
        #expect(list.apply(many, limit: 9, sendLimit: 2) == .failed)
        #expect(list.apply(update(4, "Differential", [("B", "Accepted"), ("C", "Accepted")]), limit: 2, sendLimit: 2) == .failed)
        #expect(list.apply(update(4, "Full", [("A", nil)]), limit: 2, sendLimit: 2) == .failed)
        #expect(list.apply(update(4, "Full", [("A", "Accepted"), ("a", "Blocked")]), limit: 2, sendLimit: 2) == .failed)
        #expect(list.apply(update(0, "Full", []), limit: 2, sendLimit: 2) == .failed)
        #expect(list.apply(update(-1, "Differential", []), limit: 2, sendLimit: 2) == .failed)
        #expect(list.apply(["listVersion": 9], limit: 2, sendLimit: 2) == .failed)
        #expect(list.apply(update(4, "Full", []), isEnabled: false, limit: 2, sendLimit: 2) == .notSupported)
        #expect(list == before)
    }

    @Test("The cache forgets the tag that was used longest ago, and knows when a tag expires")
    func cache() {
        var cache = AuthorizationCache(capacity: 2)
        cache.update("A", IdTagInfo(status: .accepted, expiryDate: clock(10)))
        cache.update("B", IdTagInfo(status: .blocked))
        #expect(cache.lookup("a", at: clock())?.status == .accepted)
        cache.update("C", IdTagInfo(status: .accepted))
        #expect(cache.count == 2 && cache.info("B", at: clock()) == nil)
        #expect(cache.info("A", at: clock(9))?.status == .accepted && cache.info("A", at: clock(10))?.status == .expired)
        cache.update("c", IdTagInfo(status: .concurrentTx))
        #expect(cache.count == 2 && cache.info("C", at: clock())?.status == .accepted)
        cache.clear()
        #expect(cache.count == 0)
        var none = AuthorizationCache(capacity: 0)
        none.update("A", IdTagInfo(status: .accepted))
        #expect(none.count == 0)
    }

    @Test("The cache agrees with a plain list of uses")
    func cacheModel() {
        var random = TestRandom(seed: 7)
        var cache = AuthorizationCache(capacity: 8)
        var model: [(String, AuthorizationStatus)] = []
        for _ in 0..<2000 {
            let tag = "T\(Int.random(in: 0..<20, using: &random))"
            let place = model.firstIndex { $0.0 == tag }
            if Bool.random(using: &random) {
                let status: AuthorizationStatus = Bool.random(using: &random) ? .accepted : .invalid
                cache.update(tag.lowercased(), IdTagInfo(status: status))
                if let place { model.remove(at: place) }
                model.append((tag, status))
                if model.count > 8 { model.removeFirst() }
            } else {
                #expect(cache.lookup(tag, at: clock())?.status == place.map { model[$0].1 })
                if let place { model.append(model.remove(at: place)) }
            }
        }
    }

    @Test(
        "The charge point judges by list, cache and keys",
        arguments: [
            // online, list, cache, keys that are true, judgement
            (true, nil, nil, "", nil), (true, "Accepted", nil, "", nil), (true, "Accepted", nil, "pre", "Accepted"),
            (true, "Blocked", "Accepted", "pre", nil), (true, nil, "Accepted", "pre", "Accepted"), (true, nil, "Expired", "pre", nil),
            (false, nil, nil, "offline", "Invalid"), (false, nil, nil, "unknown", "Accepted"), (false, "Accepted", nil, "offline", "Accepted"),
            (false, nil, "Accepted", "offline", "Accepted"), (false, "Blocked", "Accepted", "offline", "Blocked"),
            (false, nil, "Expired", "offline unknown", "Expired"), (false, "Accepted", nil, "", "Invalid"),
            (false, "Blocked", nil, "unknown", "Blocked"),
        ] as [(Bool, String?, String?, String, String?)])
    func judgement(_ isOnline: Bool, _ listed: String?, _ cached: String?, _ keys: String, _ expected: String?) throws {
        var list = LocalList()
        if let listed { _ = list.apply(update(1, "Full", [("Tag", listed)]), limit: 9, sendLimit: 9) }
        var cache = AuthorizationCache()
        if let status = cached.flatMap({ AuthorizationStatus(name: $0) }) {
            cache.update("TAG", status == .expired ? IdTagInfo(status: .accepted, expiryDate: clock(-1)) : IdTagInfo(status: status))
        }
        var configuration = try ConfigurationStore()
        configuration.set(.localPreAuthorize, to: "\(keys.contains("pre"))")
        configuration.set(.localAuthorizeOffline, to: "\(keys.contains("offline"))")
        configuration.set(.allowOfflineTxForUnknownId, to: "\(keys.contains("unknown"))")
        let found = LocalAuthorization.decide(
            idTag: "tag", at: clock(), isOnline: isOnline, list: list, cache: &cache, configuration: configuration)
        #expect(found?.status.wireName == expected)
    }
}
