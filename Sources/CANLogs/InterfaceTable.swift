/// The interfaces of a log by number, in the order in which they appear.
struct InterfaceTable {
    /// The most interfaces of one log.
    static let most = 1024
    private(set) var names: [String] = []
    private var texts: [[UInt8]] = []
    private var last = -1

    /// The number of a name; `nil` when there are too many.
    @inline(__always)
    mutating func number(_ start: UnsafePointer<UInt8>, _ count: Int) -> Int? {
        if last >= 0, texts[last].elementsEqual(UnsafeBufferPointer(start: start, count: count)) { return last }
        return find(UnsafeBufferPointer(start: start, count: count))
    }

    /// The number of a name; `nil` when there are too many.
    mutating func number(_ name: String) -> Int? {
        var name = name
        return name.withUTF8 { find($0) }
    }

    @inline(never)
    private mutating func find(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
        if let known = texts.firstIndex(where: { $0.elementsEqual(text) }) {
            last = known
            return known
        }
        guard texts.count < Self.most else { return nil }
        texts.append(Array(text))
        names.append(String(decoding: text, as: UTF8.self))
        last = texts.count - 1
        return last
    }
}
