import Quantities

/// Something on a bus that frames arrive at.
public protocol CANReceiver: AnyObject {
    /// Takes a frame that is complete on the bus at this instant.
    func receive(_ frame: CANFrame, at instant: Instant)
}

/// The subscribers of a bus and the way from a frame's identifier to them.
///
/// Every subscriber whose acceptance filter matches gets the frame, in the order of subscription; whoever sent the frame gets it too if
/// it subscribed, so a sender leaves itself out with `excluding`. The list of an identifier is made when its first frame comes. Whoever
/// subscribes while a frame is being delivered may or may not get frames before that delivery returns, and gets all after it.
public final class CANBus {
    /// One subscription: a frame matches when `frame.rawIdentifier & mask == match`.
    public struct Filter: Hashable, Sendable {
        /// Which bits of `CANFrame.rawIdentifier` count.
        public var mask: UInt32
        /// What these bits must be.
        public var match: UInt32

        /// A filter on the identifier and flags as SocketCAN lays them out.
        public init(mask: UInt32, match: UInt32) {
            self.mask = mask
            self.match = match & mask
        }

        /// Every frame but error reports.
        public static let all = Filter(mask: CANFrame.errorFlag, match: 0)
        /// Data frames of one identifier.
        public static func id(_ id: UInt32, isExtended: Bool = false) -> Filter {
            Filter(mask: ~0, match: CANFrame(id: id, isExtended: isExtended, lengthCode: 0, payload: 0).rawIdentifier)
        }
    }

    /// The data of wide frames under way.
    public var payloads = CANPayloadStore()

    private var filters: [Filter] = []
    private var ports: [CANPort] = []
    @usableFromInline let routes: UnsafeMutablePointer<CANRoutes>

    /// A bus without subscribers.
    public init() {
        routes = .allocate(capacity: 1)
        routes.initialize(to: CANRoutes())
    }

    deinit {
        routes.deinitialize(count: 1)
        routes.deallocate()
    }

    /// Number of frames delivered.
    public var frames: UInt64 { routes.pointee.frames }
    /// Number of data bytes in them.
    public var bytes: UInt64 { routes.pointee.bytes }
    /// Number of frames not delivered, because receivers kept answering from inside `receive`.
    public var refused: UInt64 { routes.pointee.refused }
    /// Number of subscriptions.
    public var subscriptionCount: Int { filters.count }

    /// Adds a subscription; the bus keeps the receiver alive. Returns its number, from 0.
    @discardableResult
    public func subscribe(_ receiver: any CANReceiver, _ filter: Filter = .all) -> Int {
        filters.append(filter)
        ports.append(CANPort(receiver))
        if routes.pointee.depth == 0 { routes.pointee.clear() } else { routes.pointee.isStale = true }
        return filters.count - 1
    }

    /// Ends all subscriptions and lets the receivers go: for the end of a run, as receivers often hold their bus.
    ///
    /// It must not be called while a frame is being delivered.
    public func removeSubscriptions() {
        precondition(routes.pointee.depth == 0, "a frame is being delivered")
        routes.pointee.clear()
        filters.removeAll()
        ports.removeAll()
    }

    /// A frame of this bus with all its data.
    public func wideFrame(_ frame: CANFrame) -> CANWideFrame {
        frame.isWide ? CANWideFrame(frame, wide: payloads.data(frame.payload)) : CANWideFrame(frame)
    }

    /// A frame for this bus; the data of a wide one are kept until `release`.
    public func frame(_ wide: CANWideFrame) -> CANFrame {
        guard wide.frame.isWide else { return wide.frame }
        var frame = wide.frame
        frame.payload = payloads.store(wide.wide)
        return frame
    }

    /// The data of a frame that was delivered, or never will be, are not needed any more.
    @inlinable
    public func release(_ frame: CANFrame) {
        if frame.isWide { payloads.release(frame.payload) }
    }

    /// Hands a frame to each matching subscriber but one, in the order of subscription.
    ///
    /// A receiver that answers does so through the event queue: an answer delivered from inside `receive` overtakes the frame for the
    /// subscribers that follow. Frames nested deeper than 256 are not delivered but counted in `refused`.
    @inlinable
    public func deliver(_ frame: CANFrame, at instant: Instant, excluding sender: Int = -1) {
        guard routes.pointee.depth < 256 else {
            routes.pointee.refused &+= 1
            return
        }
        routes.pointee.frames &+= 1
        routes.pointee.bytes &+= UInt64(frame.count)
        routes.pointee.depth &+= 1
        let list = routes.pointee.list(of: frame.rawIdentifier) ?? makeList(frame.rawIdentifier)
        var index = list.first
        let end = index &+ list.count
        while index < end {
            let entry = routes.pointee.entries[index]
            if entry.number != sender { entry.port._withUnsafeGuaranteedRef { $0.receiver.receive(frame, at: instant) } }
            index &+= 1
        }
        routes.pointee.depth &-= 1
        if routes.pointee.isStale, routes.pointee.depth == 0 { routes.pointee.clear() }
    }

    /// Makes the list of an identifier; identifiers with the same subscribers share one.
    @usableFromInline
    @inline(never)
    func makeList(_ rawIdentifier: UInt32) -> CANRoutes.List {
        let numbers = filters.indices.filter { rawIdentifier & filters[$0].mask == filters[$0].match }
        return routes.pointee.store(numbers.map { CANRoutes.Entry(number: $0, port: ports[$0]) }, for: rawIdentifier)
    }
}
