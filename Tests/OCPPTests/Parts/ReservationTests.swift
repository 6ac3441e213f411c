import Testing

@testable import OCPP

@Suite("Reservations")
struct ReservationTests {
    private func reserve(
        _ book: inout ReservationBook, _ id: Int, _ connector: Int, _ tag: String = "A", parent: String? = nil, expiry: Int64 = 60,
        _ statuses: [ChargePointStatus] = [.available, .available, .available], zero: Bool = true
    ) -> ReservationStatus {
        book.reserve(
            id: id, connector: connector, idTag: tag, parentIdTag: parent, expiry: clock(expiry), at: clock(), statuses: statuses, zeroIsSupported: zero)
    }

    @Test("The answer follows the state of the connector")
    func statuses() {
        var book = ReservationBook()
        #expect(reserve(&book, 1, 1, [.available, .faulted]) == .faulted)
        #expect(reserve(&book, 1, 1, [.available, .unavailable]) == .unavailable)
        #expect(reserve(&book, 1, 1, [.unavailable, .available]) == .unavailable)
        #expect(reserve(&book, 1, 1, [.faulted, .available]) == .faulted)
        for status in [ChargePointStatus.preparing, .charging, .suspendedEV, .suspendedEVSE, .finishing] {
            #expect(reserve(&book, 1, 1, [.available, status]) == .occupied)
        }
        #expect(reserve(&book, 1, 3) == .rejected)
        #expect(reserve(&book, 1, -1) == .rejected)
        #expect(reserve(&book, 1, 1, expiry: 0) == .rejected)
        #expect(reserve(&book, 1, 0, zero: false) == .rejected)
        #expect(book.all.isEmpty)
        #expect(reserve(&book, 1, 1) == .accepted)
        #expect(reserve(&book, 2, 1, [.available, .reserved, .available]) == .occupied)
        #expect(reserve(&book, 1, 1, "B", [.available, .reserved, .available]) == .accepted)
        #expect(book.all.map(\.idTag) == ["B"])
    }

    @Test("A reservation of any connector keeps one free")
    func anyConnector() {
        var book = ReservationBook()
        #expect(reserve(&book, 1, 0, "A") == .accepted)
        #expect(reserve(&book, 2, 0, "B") == .accepted)
        #expect(reserve(&book, 3, 0, "C") == .occupied)
        #expect(reserve(&book, 3, 1, "C") == .occupied)
        let free: [ChargePointStatus] = [.available, .available, .available]
        #expect(!book.allows(idTag: "C", connector: 1, statuses: free))
        #expect(book.allows(idTag: "b", connector: 1, statuses: free))
        #expect(book.cancel(1) == 0 && book.cancel(1) == nil)
        #expect(book.allows(idTag: "C", connector: 1, statuses: free))
        #expect(!book.allows(idTag: "C", connector: 1, statuses: [.available, .available, .charging]))
        #expect(book.use(idTag: "B", connector: 2) == 2 && book.all.isEmpty)
        #expect(reserve(&book, 9, 0, "A", [.available, .faulted, .faulted]) == .faulted)
        #expect(reserve(&book, 9, 0, "A", [.available, .faulted, .unavailable]) == .unavailable)
        #expect(reserve(&book, 9, 0, "A", [.available, .faulted, .charging]) == .occupied)
    }

    @Test("The same tag or one of the same parent uses a reservation, and it ends")
    func use() {
        var book = ReservationBook()
        _ = reserve(&book, 7, 1, "Tag", parent: "Family")
        let statuses: [ChargePointStatus] = [.available, .reserved, .available]
        #expect(book.isReserved(1) && !book.isReserved(2) && !book.isReserved(0))
        #expect(!book.allows(idTag: "Other", connector: 1, statuses: statuses))
        #expect(!book.allows(idTag: "Other", parentIdTag: "Strangers", connector: 1, statuses: statuses))
        #expect(book.allows(idTag: "Other", parentIdTag: "FAMILY", connector: 1, statuses: statuses))
        #expect(book.use(idTag: "Other", connector: 1) == nil)
        #expect(book.use(idTag: "Other", parentIdTag: "family", connector: 1) == 7)
        #expect(book.all.isEmpty)
    }

    @Test("Reservations end by time, and when the connector fails")
    func ends() {
        var book = ReservationBook()
        _ = reserve(&book, 1, 1, expiry: 10)
        _ = reserve(&book, 2, 2, expiry: 20)
        #expect(book.nextExpiry == clock(10))
        #expect(book.expire(at: clock(9)).isEmpty)
        #expect(book.expire(at: clock(10)) == [1])
        #expect(book.nextExpiry == clock(20))
        #expect(book.drop(connector: 1).isEmpty)
        #expect(book.drop(connector: 2) == [2])
        #expect(book.nextExpiry == nil)
    }
}

extension ReservationTests {
    /// The tag may be left out where it does not matter.
    private func reserve(_ book: inout ReservationBook, _ id: Int, _ connector: Int, _ statuses: [ChargePointStatus]) -> ReservationStatus {
        reserve(&book, id, connector, "A", statuses)
    }
}
