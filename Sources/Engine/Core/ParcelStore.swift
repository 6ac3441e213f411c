import OCPP

/// Messages on their way: slots in raw memory that are moved in and out without copies.
final class ParcelStore {
    private var slots: UnsafeMutablePointer<OCPPMessage>
    private var links: UnsafeMutablePointer<Int32>
    /// Numbers of empty slots, used as a stack.
    private var free: UnsafeMutablePointer<Int32>
    private var freeCount: Int
    private var capacity = 64
    private var isUsed: UnsafeMutablePointer<Bool>

    init() {
        slots = .allocate(capacity: capacity)
        links = .allocate(capacity: capacity)
        free = .allocate(capacity: capacity)
        isUsed = .allocate(capacity: capacity)
        isUsed.initialize(repeating: false, count: capacity)
        for index in 0..<capacity { free[index] = Int32(capacity - 1 - index) }
        freeCount = capacity
    }

    deinit {
        for index in 0..<capacity where isUsed[index] { (slots + index).deinitialize(count: 1) }
        slots.deallocate()
        links.deallocate()
        free.deallocate()
        isUsed.deallocate()
    }

    /// Takes a message in; the number of its slot.
    func put(_ message: OCPPMessage, link: Int) -> Int {
        if freeCount == 0 { grow() }
        freeCount -= 1
        let slot = Int(free[freeCount])
        (slots + slot).initialize(to: message)
        links[slot] = Int32(link)
        isUsed[slot] = true
        return slot
    }

    /// The link of a message.
    func link(of slot: Int) -> Int { Int(links[slot]) }

    /// Hands a message out and empties its slot.
    func take(_ slot: Int) -> OCPPMessage {
        precondition(isUsed[slot], "an empty slot")
        isUsed[slot] = false
        free[freeCount] = Int32(slot)
        freeCount += 1
        return (slots + slot).move()
    }

    private func grow() {
        let next = capacity * 2
        let newSlots = UnsafeMutablePointer<OCPPMessage>.allocate(capacity: next)
        newSlots.moveInitialize(from: slots, count: capacity)
        slots.deallocate()
        slots = newSlots
        let newLinks = UnsafeMutablePointer<Int32>.allocate(capacity: next)
        newLinks.update(from: links, count: capacity)
        links.deallocate()
        links = newLinks
        let newUsed = UnsafeMutablePointer<Bool>.allocate(capacity: next)
        newUsed.update(from: isUsed, count: capacity)
        (newUsed + capacity).initialize(repeating: false, count: capacity)
        isUsed.deallocate()
        isUsed = newUsed
        free.deallocate()
        free = .allocate(capacity: next)
        for index in 0..<capacity { free[index] = Int32(next - 1 - index) }
        freeCount = capacity
        capacity = next
    }
}
