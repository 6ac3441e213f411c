import CANLive
import Testing

@Suite("Addresses of real buses")
struct BusAddressTests {
    @Test("addresses are equal when all their parts are")
    func equality() {
        #expect(BusAddress.socketCAN(interface: "vcan0") != .socketCAN(interface: "vcan1"))
    }
}
