import CAN
import Testing

@Suite("Addresses of real buses")
struct BusAddressTests {
    @Test(
        "what is written is read, and written again the same",
        arguments: [
            ("socketcan:vcan0", BusAddress.socketCAN(interface: "vcan0")),
            ("socketcand://127.0.0.1:29536/can0", .socketcand(host: "127.0.0.1", port: 29536, bus: "can0")),
            ("socketcand://[::1]:4000/vcan1", .socketcand(host: "::1", port: 4000, bus: "vcan1")),
            ("socketcand-server://127.0.0.1:0/can0", .socketcandServer(host: "127.0.0.1", port: 0, bus: "can0", sendsBeacon: false)),
            ("socketcand-server://0.0.0.0:29536/can0?beacon", .socketcandServer(host: "0.0.0.0", port: 29536, bus: "can0", sendsBeacon: true)),
            ("udp-multicast:239.74.163.2:43113", .multicast(group: "239.74.163.2", port: 43113, interface: nil)),
            ("udp-multicast:[ff15::1]:5000@lo", .multicast(group: "ff15::1", port: 5000, interface: "lo")),
        ])
    func roundTrip(_ text: String, _ address: BusAddress) throws {
        #expect(try BusAddress(text) == address)
        #expect(address.text == text)
    }

    @Test("ports may be left out")
    func standardPorts() throws {
        #expect(try BusAddress("udp-multicast:239.74.163.2") == .multicast(group: "239.74.163.2", port: 43113, interface: nil))
        #expect(try BusAddress("socketcand://localhost/can0") == .socketcand(host: "localhost", port: 29536, bus: "can0"))
    }

    @Test(
        "what is wrong is named",
        arguments: [
            ("vcan0", "'vcan0' is no address of a bus"),
            ("socketcan:", "'socketcan:': '' is no name of an interface"),
            ("socketcan:a-name-of-16-chr", "'socketcan:a-name-of-16-chr': 'a-name-of-16-chr' is no name of an interface"),
            ("socketcan:../etc", "'socketcan:../etc': '../etc' is no name of an interface"),
            ("socketcand://127.0.0.1:29536", "'socketcand://127.0.0.1:29536': the name of the bus is missing"),
            ("socketcand://127.0.0.1:0/can0", "'socketcand://127.0.0.1:0/can0': port 0 is for servers only"),
            ("socketcand://127.0.0.1:70000/can0", "'socketcand://127.0.0.1:70000/can0': '70000' is no port"),
            ("socketcand:///can0", "'socketcand:///can0': the host is missing"),
            ("socketcand://h/can0?beacon", "'socketcand://h/can0?beacon': '?beacon' is for servers only"),
            ("socketcand-server://h/can0?bacon", "'socketcand-server://h/can0?bacon': '?bacon' is unknown"),
            ("udp-multicast:10.0.0.1", "'udp-multicast:10.0.0.1': '10.0.0.1' is no group: 224.0.0.0 to 239.255.255.255, or IPv6 from ff00::"),
            ("udp-multicast:[ff15::1", "'udp-multicast:[ff15::1': ']' is missing"),
            ("udp-multicast:239.1.1.1:0", "'udp-multicast:239.1.1.1:0': port 0 is for servers only"),
        ])
    func mistakes(_ text: String, _ message: String) {
        let error = #expect(throws: BusAddressError.self) { try BusAddress(text) }
        #expect(error?.text == message)
        #expect(error?.help.isEmpty == false)
    }

    @Test("addresses of this machine alone are known as such")
    func locality() throws {
        for text in ["socketcan:can0", "socketcand://127.0.0.1/c", "socketcand-server://localhost:0/c", "udp-multicast:239.1.1.1@lo"] {
            #expect(try BusAddress(text).isLocal, "\(text)")
        }
        for text in ["socketcand://10.0.0.1/c", "socketcand-server://0.0.0.0/c", "udp-multicast:239.1.1.1", "udp-multicast:239.1.1.1@eth0"] {
            #expect(try !BusAddress(text).isLocal, "\(text)")
        }
    }
}
