import Testing

@testable import Digests

@Suite("Digests of FIPS 180-4")
struct DigestsTests {
    @Test("The digests of the empty message and of abc are those of the standard")
    func examples() {
        #expect(SHA256.hex([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(SHA256.hex(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            SHA384.hex(Array("abc".utf8))
                == "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7")
        #expect(
            SHA512.hex(Array("abc".utf8))
                == "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f")
    }

    /// Lengths around the borders of blocks, of bytes 0, 1, 2, …; the digests of the digests, made with Python's hashlib.
    @Test("Every length around the borders of blocks gives the digest of another implementation")
    func lengths() {
        var all: [[UInt8]] = [[], [], []]
        for length in [0, 1, 55, 56, 57, 63, 64, 65, 111, 112, 113, 119, 127, 128, 129, 255, 256, 1000] {
            let message = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
            all[0] += SHA256.digest(message)
            all[1] += SHA384.digest(message)
            all[2] += SHA512.digest(message)
        }
        #expect(SHA256.hex(all[0]) == "b7399078739ef7e5669548cdcb0f7afbabf2f25ace3724d0d7362f35ab8b9833")
        #expect(SHA256.hex(all[1]) == "053ecdef3d3176f0f196bda40e3f4424ecb71396824049d55c038c600982c9cc")
        #expect(SHA256.hex(all[2]) == "9e3c2746d4f8c26b598dc1123750eedecfdb6fcefe07e070b81861068a32586a")
    }
}
