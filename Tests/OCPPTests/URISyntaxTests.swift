import Testing

@testable import OCPP

@Suite("URI syntax")
struct URISyntaxTests {
    private func isURI(_ text: String) -> Bool { Array(text.utf8).withUnsafeBytes { URISyntax.isURI($0) } }

    @Test("What RFC 3986 calls a URI is one")
    func right() {
        let texts = [
            "ftp://files.example/d/", "http://a", "https://user:pw@[2001:db8::1]:8443/p%20q?x=1&y=/#f", "file:///tmp/x", "mailto:a@b.example", "urn:x:y",
            "a+b-c.9:/", "x:", "s://h:/", "http://192.0.2.7/", "http://[::ffff:192.0.2.7]/", "http://[::]", "http://[1:2:3:4:5:6:7:8]/", "http://[1::]/",
            "http://[v1.a:b]/", "x:?q", "x:#f", "https://h?q#a?b/c", "http://%41/", "http://[1:2:3:4:5:6:1.2.3.4]",
        ]
        for text in texts { #expect(isURI(text), "\(text)") }
    }

    @Test("What has no scheme, a broken escape, address or port, or characters that no URI has is none")
    func wrong() {
        let texts = [
            "", "files.example", "/d/e", "//h/p", "1http://a", ":x", " http://a", "http://a b", "http://a/%2", "http://a/%zz", "http://a/ä", "http://[::1",
            "http://[]/", "http://[1:2]/", "http://[1:2:3:4:5:6:7:8:9]/", "http://[::1::2]/", "http://[:1::2]/", "http://[1:2:3:4:5:6:7:]/",
            "http://[12345::]/", "http://[::256.1.1.1]/", "http://[::01.1.1.1]/", "http://[::1.1.1]/", "http://[::1.1.1.1:1]/",
            "http://[1:2:3:4:5:6:7:1.2.3.4]",
            "http://[::1]x/", "http://[v.a]/", "http://[v1.]/", "http://[v1]/", "http://[vg.a]/", "http://a[b]/", "http://h:8o/", "http://a@b@c/",
            "http://a/b#c#d", "http://a/<b>", "http://a/b|c", "http://a\\b", "ht_tp://a", "x:?[", "x:#[",
        ]
        for text in texts { #expect(!isURI(text), "\(text)") }
    }

    @Test("A field of the type uri must be one, also if it is written with escapes")
    func field() {
        func problems(_ location: String) -> [Violation] {
            switch OCPPPayload.checked(.getDiagnostics, "{\"location\":\"\(location)\"}") {
            case .success: []
            case .failure(let problems): problems.violations
            }
        }
        #expect(problems("ftp://h/d").isEmpty && problems("ftp:\\/\\/h\\/\\u0064").isEmpty)
        #expect(problems("nowhere").map(\.rule) == [.uri] && problems("ftp://h/\\u00e4").map(\.pointer) == ["/location"])
        #expect(problems("nowhere").first?.description == "/location must be a URI (RFC 3986): \"nowhere\"")
    }
}
