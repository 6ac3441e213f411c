import Testing

@testable import Engine

/// pass, partial, fail, incomplete.
@Suite("verdicts")
struct VerdictTests {
    private func outcome(_ expectations: String, intended: String = "") throws -> RunOutcome {
        try run(
            """
            evsim: 1
            scenario: verdict
            run: {for: 10s}
            nodes:
              csms: {is: csms}
              cp: {is: charge-point, csms: csms}
            \(intended)
            expect: [\(expectations)]

            """)
    }

    @Test("what holds and was tried passes")
    func pass() throws {
        let outcome = try outcome("=count(ocpp.BootNotification) == 1")
        #expect(outcome.verdict == .pass && outcome.expectations[0].isExercised)
        #expect(outcome.report["expect"]?.array?[0]["exercised"]?.bool == true)
    }

    @Test("what holds because nothing happened is partial, and says which expectation it was")
    func partial() throws {
        let outcome = try outcome("=count(ocpp.BootNotification) == 1, =count(ocpp.Authorize) == 0")
        #expect(outcome.verdict == .partial)
        #expect(outcome.expectations.map(\.isExercised) == [true, false])
        #expect(outcome.report["verdict"]?.string == "partial")
        #expect(outcome.report["expect"]?.array?.map { $0["exercised"]?.bool } == [true, false])
        #expect(outcome.diagnostics.contains { $0.code == "W0722" })
    }

    @Test("a file that intends W0722 passes")
    func intended() throws {
        let outcome = try outcome("=count(ocpp.Authorize) == 0", intended: "intended: [W0722]")
        #expect(outcome.verdict == .pass && !outcome.expectations[0].isExercised && outcome.diagnostics.isEmpty)
    }

    @Test("one that does not hold fails, whatever else was never tried")
    func fail() throws {
        #expect(try outcome("=count(ocpp.BootNotification) == 7, =count(ocpp.Authorize) == 0").verdict == .fail)
        #expect(try outcome("=count(ocpp.Authorize) == 1").verdict == .fail)
    }
}
