/// Interfaces of formats that number them from 1: number 1 is `can0`, and 0, which stands for any, `canX`, as asc2log has it.
struct NumberedInterfaces {
    private(set) var names: [String] = []
    /// The place of each number in `names`, or -1.
    private var places = [Int](repeating: -1, count: InterfaceTable.most)

    /// The place of a number; `nil` when it is too large.
    @inline(__always)
    mutating func place(_ number: Int) -> Int? {
        guard number >= 0, number < InterfaceTable.most else { return nil }
        return places[number] >= 0 ? places[number] : add(number)
    }

    @inline(never)
    private mutating func add(_ number: Int) -> Int {
        names.append(number == 0 ? "canX" : "can\(number - 1)")
        places[number] = names.count - 1
        return names.count - 1
    }
}
