import Foundation
import Testing
import Transport

@Suite struct CertificateTests {
    @Test("names, serial number and digests are those of openssl ocsp")
    func hashes() throws {
        let both = try Certificate.all(pem: Array(vector("certificates.pem")))
        #expect(both.count == 2)
        #expect(both[1].commonName == "SERIAL1" && both[1].organization == "Operator" && both[1].serialNumber == "a1b2c3")
        #expect(both[1].issuer == "C = DE, O = Operator, CN = Vector Root" && both[1].notBefore == 1_795_266_191)
        let expected: [(CertificateTools.Digest, String, String)] = [
            (.sha256, "E0B563C207EFB7AD3F9EC10DCE9A2D6683458E30845787BB3B36571F2762CE38", "C71E2E72DA0A7075C74EF47E591906E5E7864DFAA2BDD2138EA3B0DF88AEBDE0"),
            (
                .sha384, "020D2F36AC59233FBFD66D3B252D0610726E5146F52A07F9D3507B6E379CF213C88681",
                "3B526D4A4900EF63643C2C8C2326C5F9B8A6743469C31401846BFC7AB921FD29094405"
            ),
            (
                .sha512, "85DD0DA42101FD4F8B7F36E2385D2EDD9A77589095753E5761B94444A0D623C78931D8",
                "22767AB990DCDE25D5A852F04F5807584FC9DEC07D0AA67871D1162EB6E8C4AF3748A9"
            ),
        ]
        for (digest, name, key) in expected {
            let data = try CertificateTools.hashData(of: both[1], issuer: both[0], algorithm: digest)
            #expect(data.issuerNameHash.uppercased().hasPrefix(name) && data.issuerKeyHash.uppercased().hasPrefix(key))
            #expect(
                data.serialNumber == "a1b2c3" && data.issuerNameHash.utf8.count == [64, 96, 128][CertificateTools.Digest.allCases.firstIndex(of: digest) ?? 0])
        }
    }

    @Test("a signing request becomes a certificate that leads to its CA, and to no other")
    func signing() throws {
        let authority = try CertificateAuthority(commonName: "Root", notBefore: 1000, notAfter: 2000)
        let stranger = try CertificateAuthority(commonName: "Stranger", notBefore: 1000, notAfter: 2000)
        let request = try CertificateTools.signingRequest(commonName: "SERIAL7", organization: "Betreiber Süd")
        #expect(request.pem.hasPrefix("-----BEGIN CERTIFICATE REQUEST-----"))
        let signed = try authority.sign(requestPEM: Array(request.pem.utf8), notBefore: 1100, notAfter: 1900)
        let again = try #require(try Certificate.all(pem: Array(signed.pem.utf8)).first)
        #expect(again.commonName == "SERIAL7" && again.organization == "Betreiber Süd" && again.serialNumber == "2")
        try CertificateTools.verify(chain: [again], roots: [stranger.certificate, authority.certificate], at: 1500)
        func problem(_ roots: [Certificate], _ time: Int64) -> String {
            do throws(TLSError) {
                try CertificateTools.verify(chain: [again], roots: roots, at: time)
                return ""
            } catch { return error.text }
        }
        #expect(
            problem([stranger.certificate], 1500)
                == "the certificate (CN = SERIAL7, O = Betreiber Süd) comes from a CA that is not among the trusted ones: CN = Root")
        #expect(problem([authority.certificate], 1950).contains("is out of date since 1970-01-01 00:31:40Z"))
        #expect(problem([authority.certificate], 1050).contains("is not valid before 1970-01-01 00:18:20Z"))
        var broken = Array(request.pem.utf8)
        broken[200] = broken[200] == 65 ? 66 : 65
        #expect(throws: TLSError.self) { try authority.sign(requestPEM: broken, notBefore: 1100, notAfter: 1900) }
    }

    @Test("text that is no PEM is refused in words")
    func rubbish() throws {
        for text in ["", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            #expect((try? Certificate.all(pem: Array(text.utf8)))?.isEmpty ?? true)
            #expect(throws: TLSError.self) { try PrivateKey(pem: Array(text.utf8)) }
        }
        #expect(throws: TLSError.self) { try TLSContext.server(certificates: Array(vector("certificates.pem")), key: Array(PrivateKey().pem.utf8)) }
    }
}
