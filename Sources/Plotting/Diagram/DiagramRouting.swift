/// The nets of one channel, the room between two layers: where each one runs across.
struct DiagramRouting {
    /// A net in the channel with the places of its ends across.
    struct Route {
        var strand: Int
        var upper: [Double]
        var lower: [Double]
        /// Number of its track from the start of the channel; `nil` when it runs straight.
        var track: Int?

        var least: Double { (upper + lower).min() ?? 0 }
        var most: Double { (upper + lower).max() ?? 0 }
        var isStraight: Bool { !lower.isEmpty && most - least < 0.75 }
    }

    private(set) var routes: [Route]
    /// How many tracks there are.
    private(set) var trackCount = 0

    /// Gives each route its track: few crossings, and nowhere one line on another.
    init(_ given: [Route]) {
        routes = given
        var order = routes.indices.filter { !routes[$0].isStraight }
        for _ in 0..<8 {
            var changed = false
            for place in order.indices {
                let moved = order[place]
                var best = (cost: 0, place: place)
                var cost = 0
                for other in stride(from: place - 1, through: 0, by: -1) {
                    cost += self.cost(moved, above: order[other]) - self.cost(order[other], above: moved)
                    if cost < best.cost { best = (cost, other) }
                }
                cost = 0
                for other in order.indices.dropFirst(place + 1) {
                    cost += self.cost(order[other], above: moved) - self.cost(moved, above: order[other])
                    if cost < best.cost { best = (cost, other) }
                }
                guard best.place != place else { continue }
                order.remove(at: place)
                order.insert(moved, at: best.place)
                changed = true
            }
            if !changed { break }
        }
        for (place, route) in order.enumerated() {
            var track = 0
            for earlier in order[..<place] where touches(routes[earlier], routes[route]) { track = max(track, (routes[earlier].track ?? 0) + 1) }
            routes[route].track = track
            trackCount = max(trackCount, track + 1)
        }
    }

    private func touches(_ first: Route, _ second: Route) -> Bool { first.least < second.most + 12 && second.least < first.most + 12 }

    /// Crossings when one route runs before another; lines on top of each other count as many.
    private func cost(_ first: Int, above second: Int) -> Int {
        let (first, second) = (routes[first], routes[second])
        var cost = 0
        for place in first.lower where place > second.least - 3 && place < second.most + 3 { cost += 1 }
        for place in second.upper where place > first.least - 3 && place < first.most + 3 { cost += 1 }
        for place in first.lower { for other in second.upper where (place - other).magnitude < 4 { cost += 100 } }
        return cost
    }
}
