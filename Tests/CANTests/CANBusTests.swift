import CAN
import Quantities
import Testing

/// Writes down who got which frame.
private final class Listener: CANReceiver {
    final class Log { var lines: [String] = [] }
    let name: String
    let log: Log
    var onFrame: (CANFrame) -> Void = { _ in }

    init(_ name: String, _ log: Log) {
        self.name = name
        self.log = log
    }

    func receive(_ frame: CANFrame, at instant: Instant) {
        log.lines.append("\(name):\(String(frame.id, radix: 16))")
        onFrame(frame)
    }
}

private func frame(_ id: UInt32, isExtended: Bool = false) -> CANFrame { CANFrame(id: id, isExtended: isExtended, data: [1, 2, 3]) }

@Test("A frame reaches each subscriber whose filter matches, in the order of subscription")
func filters() {
    let log = Listener.Log()
    let bus = CANBus()
    bus.subscribe(Listener("all", log))
    bus.subscribe(Listener("300", log), .id(0x300))
    bus.subscribe(Listener("3xx", log), CANBus.Filter(mask: CANFrame.extendedFlag | 0x700, match: 0x300))
    bus.subscribe(Listener("extended", log), .id(0x300, isExtended: true))
    bus.deliver(frame(0x300), at: .zero)
    bus.deliver(frame(0x301), at: .zero)
    bus.deliver(frame(0x300, isExtended: true), at: .zero)
    bus.deliver(CANFrame(id: 0x300, isRemote: true, lengthCode: 0, payload: 0), at: .zero)
    #expect(log.lines == ["all:300", "300:300", "3xx:300", "all:301", "3xx:301", "all:300", "extended:300", "all:300", "3xx:300"])
    #expect(bus.frames == 4)
    #expect(bus.bytes == 9)
    #expect(bus.subscriptionCount == 4)
}

@Test("An error report reaches only those who asked for error reports")
func errorReports() {
    let log = Listener.Log()
    let bus = CANBus()
    bus.subscribe(Listener("all", log))
    bus.subscribe(Listener("errors", log), CANBus.Filter(mask: CANFrame.errorFlag, match: CANFrame.errorFlag))
    bus.deliver(CANFrame(id: 0x40, isError: true, lengthCode: 8, payload: 0), at: .zero)
    #expect(log.lines == ["errors:40"])
}

@Test("A sender that names its subscription does not hear itself")
func excluding() {
    let log = Listener.Log()
    let bus = CANBus()
    let first = bus.subscribe(Listener("a", log))
    bus.subscribe(Listener("b", log))
    bus.deliver(frame(1), at: .zero, excluding: first)
    #expect(log.lines == ["b:1"])
}

@Test("A later subscription counts for identifiers that were already seen")
func lateSubscription() {
    let log = Listener.Log()
    let bus = CANBus()
    bus.subscribe(Listener("a", log))
    bus.deliver(frame(1), at: .zero)
    bus.deliver(frame(1), at: .zero)
    bus.subscribe(Listener("b", log))
    bus.deliver(frame(1), at: .zero)
    #expect(log.lines == ["a:1", "a:1", "a:1", "b:1"])
}

@Test("A receiver may send and subscribe while it receives")
func nestedDelivery() {
    let log = Listener.Log()
    let bus = CANBus()
    let replying = Listener("a", log)
    replying.onFrame = { [unowned bus] received in
        guard received.id == 1 else { return }
        bus.subscribe(Listener("late", log), .id(3))
        bus.deliver(frame(2), at: .zero)
    }
    bus.subscribe(replying)
    bus.subscribe(Listener("b", log))
    bus.deliver(frame(1), at: .zero)
    #expect(log.lines == ["a:1", "a:2", "b:2", "b:1"])
    log.lines = []
    bus.deliver(frame(3), at: .zero)
    #expect(log.lines == ["a:3", "b:3", "late:3"])
}

@Test("A flood of different identifiers reaches the right receivers and keeps memory bounded")
func floodOfIdentifiers() {
    let log = Listener.Log()
    let bus = CANBus()
    var seen = (0, 0)
    let all = Listener("all", log)
    all.onFrame = { _ in seen.0 += 1 }
    let odd = Listener("odd", log)
    odd.onFrame = { _ in seen.1 += 1 }
    bus.subscribe(all)
    bus.subscribe(odd, CANBus.Filter(mask: 1, match: 1))
    for step in 0..<20_000 as Range<UInt32> { bus.deliver(frame(step &* 2_654_435_761, isExtended: true), at: .zero) }
    for step in 0..<2048 as Range<UInt32> { bus.deliver(frame(step), at: .zero) }
    #expect(seen == (22_048, 11_024))
}

@Test("A bus lets its receivers go when the subscriptions end")
func endOfSubscriptions() {
    let log = Listener.Log()
    let bus = CANBus()
    weak var receiver: Listener?
    do {
        let listener = Listener("a", log)
        receiver = listener
        bus.subscribe(listener)
    }
    #expect(receiver != nil)
    bus.deliver(frame(1), at: .zero)
    bus.removeSubscriptions()
    #expect(receiver == nil)
    bus.deliver(frame(1), at: .zero)
    #expect(log.lines == ["a:1"])
}

@Test("Two receivers that answer each other at once are cut off, not a stack overflow")
func endlessAnswers() {
    let log = Listener.Log()
    let bus = CANBus()
    let listener = Listener("a", log)
    listener.onFrame = { [unowned bus] in bus.deliver($0, at: .zero) }
    bus.subscribe(listener)
    bus.deliver(frame(1), at: .zero)
    #expect(bus.frames == 256)
    #expect(bus.refused == 1)
}
