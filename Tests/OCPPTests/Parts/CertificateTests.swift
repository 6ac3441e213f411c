import JSONText
import Testing

@testable import OCPP

@Suite("Certificates")
struct CertificateTests {
    private let file: JSONValue
    private let inspector = BuiltInInspector()

    init() throws { file = try vectors("certificates.json") }

    private func pem(_ names: String...) -> String { names.map { file["certificates", $0]?.text("pem") ?? "" }.joined() }

    private func time(_ name: String, _ key: String, plus seconds: Int64 = 0) throws -> OCPPTimestamp {
        let text = try #require(file["certificates", name]?.text(key))
        let time = try #require(OCPPTimestamp(rfc3339: text))
        return OCPPTimestamp(milliseconds: time.milliseconds + seconds * 1000)
    }

    @Test("Serial numbers, dates and the hashes of all three algorithms are those of OpenSSL")
    func hashes() throws {
        for member in file["certificates"]?.members ?? [] {
            let certificate = try #require(inspector.certificate(pem: member.value.text("pem")))
            let dates = [try time(member.key, "notBefore"), try time(member.key, "notAfter")]
            #expect([certificate.notBefore, certificate.notAfter] == dates)
            for hash in member.value["hashes"]?.members ?? [] {
                let expected = CertificateHashData(
                    algorithm: try #require(HashAlgorithm(name: hash.key)), issuerNameHash: hash.value[0]?.string ?? "",
                    issuerKeyHash: hash.value[1]?.string ?? "", serialNumber: hash.value[2]?.string ?? "")
                let found = inspector.hash(pem: pem(member.key, member.value.text("issuer")), algorithm: expected.algorithm)
                #expect(found?.matches(expected) == true, "\(member.key) \(hash.key)")
            }
        }
        #expect(inspector.hash(pem: pem("leaf"), algorithm: .sha256) == nil)
        #expect(inspector.certificate(pem: pem("leaf"))?.commonName == "CP-0001")
        #expect(inspector.certificate(pem: pem("leaf"))?.organization == "Operator")
    }

    @Test("A chain is valid up to a root, in its time, with right signatures only")
    func chains() throws {
        let now = try time("leaf", "notBefore", plus: 3600)
        #expect(inspector.isValid(chain: pem("leaf", "sub"), roots: [pem("root")], at: now))
        #expect(inspector.isValid(chain: pem("leaf", "sub", "root"), roots: [pem("rsaroot"), pem("root")], at: now))
        #expect(inspector.isValid(chain: pem("rsaleaf"), roots: [pem("rsaroot")], at: now))
        #expect(inspector.isValid(chain: pem("mixed"), roots: [pem("rsaroot")], at: now))
        #expect(inspector.isValid(chain: pem("next"), roots: [pem("root")], at: now))
        #expect(!inspector.isValid(chain: pem("leaf"), roots: [pem("root")], at: now))
        #expect(!inspector.isValid(chain: pem("sub", "leaf"), roots: [pem("root")], at: now))
        #expect(!inspector.isValid(chain: pem("leaf", "sub"), roots: [pem("rsaroot")], at: now))
        #expect(!inspector.isValid(chain: pem("leaf", "sub"), roots: [], at: now))
        #expect(!inspector.isValid(chain: pem("forged", "sub"), roots: [pem("root")], at: now), "signed by another key of the same name")
        #expect(inspector.isValid(chain: pem("forged"), roots: [pem("fake")], at: now))
        #expect(!inspector.isValid(chain: pem("leaf", "sub"), roots: [pem("root")], at: try time("leaf", "notBefore", plus: -1)))
        #expect(inspector.isValid(chain: pem("leaf", "sub"), roots: [pem("root")], at: try time("leaf", "notAfter")))
        #expect(!inspector.isValid(chain: pem("leaf", "sub"), roots: [pem("root")], at: try time("leaf", "notAfter", plus: 1)))
    }

    @Test("A chain with any byte changed is refused")
    func mutations() throws {
        let der = try #require(PEM.blocks(pem("sub"))?.first)
        let root = try #require(PEM.blocks(pem("root"))?.first.flatMap { Certificate(der: $0) })
        let good = try #require(Certificate(der: der))
        #expect(good.isSigned(by: root))
        var random = TestRandom(seed: 3)
        for _ in 0..<15 {
            var bytes = der
            bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            #expect(Certificate(der: bytes)?.isSigned(by: root) != true)
        }
    }

    @Test("Whatever the bytes, reading them ends")
    func garbage() throws {
        let der = try #require(PEM.blocks(pem("rsaleaf"))?.first)
        for count in 0..<der.count { #expect(Certificate(der: Array(der.prefix(count))) == nil) }
        var random = TestRandom(seed: 11)
        for _ in 0..<500 {
            var bytes = der
            for _ in 0..<4 { bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random) }
            _ = Certificate(der: bytes)
        }
        for text in ["", "nonsense", "-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----"] {
            #expect(inspector.hash(pem: text, algorithm: .sha256) == nil && inspector.certificate(pem: text) == nil)
            #expect(!inspector.isValid(chain: text, roots: [text], at: clock()))
        }
    }

    @Test("Certificates are installed, listed and deleted by their hashes")
    func store() throws {
        let now = try time("leaf", "notBefore", plus: 3600)
        var store = CertificateStore(limit: 2)
        #expect(store.answer(.centralSystemRoot, inspector: inspector).text() == #"{"status":"NotFound"}"#)
        #expect(store.install(pem: "nonsense", use: .centralSystemRoot, at: now, inspector: inspector) == .rejected)
        #expect(store.install(pem: pem("short"), use: .centralSystemRoot, at: try time("short", "notAfter", plus: 1), inspector: inspector) == .rejected)
        #expect(store.install(pem: pem("root"), use: .centralSystemRoot, at: now, inspector: inspector) == .accepted)
        #expect(store.install(pem: pem("root"), use: .centralSystemRoot, at: now, inspector: inspector) == .accepted)
        #expect(store.install(pem: pem("rsaroot"), use: .manufacturerRoot, at: now, inspector: inspector) == .accepted)
        #expect(store.install(pem: pem("fake"), use: .centralSystemRoot, at: now, inspector: inspector) == .rejected)
        let answer = store.answer(.centralSystemRoot, inspector: inspector)
        #expect(answer["certificateHashData"]?.array?.count == 1)
        #expect(throws: Never.self) { try OCPPPayload.checked(.getInstalledCertificateIds, answer.text(), isRequest: false).get() }
        let name = try #require(answer["certificateHashData"]?[0].flatMap { CertificateHashData($0) })
        let wide = try #require(inspector.hash(pem: pem("root"), algorithm: .sha512))
        #expect(store.delete(name, inUse: wide, inspector: inspector) == .failed)
        #expect(store.delete(wide, inspector: inspector) == .accepted)
        #expect(store.delete(name, inspector: inspector) == .notFound)
        #expect(store.roots.map(\.use) == [.manufacturerRoot])
    }

    @Test("With the additional check a root is followed only by one that it has signed")
    func succession() throws {
        let now = try time("next", "notBefore", plus: 3600)
        var store = CertificateStore(checksSuccession: true)
        #expect(store.install(pem: pem("root"), use: .centralSystemRoot, at: now, inspector: inspector) == .accepted)
        #expect(store.install(pem: pem("fake"), use: .centralSystemRoot, at: now, inspector: inspector) == .rejected)
        #expect(store.install(pem: pem("next", "root"), use: .centralSystemRoot, at: now, inspector: inspector) == .accepted)
        #expect(store.roots(.centralSystemRoot).count == 2)
    }

    @Test("A signed chain becomes the charge point's own only if it verifies and bears its name")
    func signed() throws {
        let now = try time("leaf", "notBefore", plus: 3600)
        var store = CertificateStore()
        _ = store.install(pem: pem("root"), use: .centralSystemRoot, at: now, inspector: inspector)
        #expect(!same(store.accept(chain: pem("forged", "sub"), at: now, inspector: inspector)))
        #expect(!same(store.accept(chain: pem("leaf", "sub"), commonName: "CP-0002", at: now, inspector: inspector)))
        #expect(!same(store.accept(chain: pem("leaf", "sub"), sizeLimit: 100, at: now, inspector: inspector)))
        #expect(store.chain == nil)
        #expect(same(store.accept(chain: pem("leaf", "sub"), commonName: "CP-0001", at: now, inspector: inspector)))
        #expect(store.chain == pem("leaf", "sub"))
    }

    @Test("A signing request verifies with its own key, is the same for the same seed, and passes the catalogue")
    func request() throws {
        #expect(inspector.signingRequest(commonName: "CP", organization: "O") == nil)
        let keyed = BuiltInInspector(keySeed: "seed 1")
        let text = try #require(keyed.signingRequest(commonName: "CP-0001", organization: "Operator"))
        #expect(text == file.text("request"), "the one that `openssl req -verify` has found right")
        #expect(text != BuiltInInspector(keySeed: "seed 2").signingRequest(commonName: "CP-0001", organization: "Operator"))
        #expect(throws: Never.self) { try OCPPPayload.checked(.signCertificate, JSONValue.object([.init("csr", .string(text))]).text()).get() }
        let request = try #require(PEM.blocks(text, label: "CERTIFICATE REQUEST")?.first.flatMap { CertificateRequest(der: $0) })
        #expect(request.isSelfSigned && request.commonName == "CP-0001" && request.organization == "Operator")
    }
}
