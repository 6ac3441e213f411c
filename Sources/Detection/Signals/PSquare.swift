/// An estimate of a quantile in constant memory: the P-square algorithm (Jain & Chlamtac, Communications of the ACM 28 (1985) 1076-1085).
struct PSquare {
    private let q: Double
    private(set) var count = 0
    /// Heights of the five markers.
    private var h: (Double, Double, Double, Double, Double) = (0, 0, 0, 0, 0)
    /// Their positions, from 1; the first stays at 1.
    private var p: (Double, Double, Double, Double) = (2, 3, 4, 5)
    /// Their desired positions; those of the first and the last are their positions.
    private var w: (Double, Double, Double)

    /// An estimator without samples.
    init(_ q: Double) {
        self.q = q
        w = (1 + 2 * q, 1 + 4 * q, 3 + 2 * q)
    }

    /// The estimate; there must be five samples.
    var estimate: Double { h.2 }

    /// Takes a sample.
    mutating func add(_ x: Double) {
        count &+= 1
        guard count > 5 else { return insert(x) }
        if x < h.0 {
            h.0 = x
            p.0 += 1
            p.1 += 1
            p.2 += 1
        } else if x >= h.3 {
            if x > h.4 { h.4 = x }
        } else {
            if x < h.1 { p.0 += 1 }
            if x < h.2 { p.1 += 1 }
            p.2 += 1
        }
        p.3 += 1
        w.0 += q / 2
        w.1 += q
        w.2 += (1 + q) / 2
        PSquare.move(w.0, &p.0, 1, p.1, &h.1, h.0, h.2)
        PSquare.move(w.1, &p.1, p.0, p.2, &h.2, h.1, h.3)
        PSquare.move(w.2, &p.2, p.1, p.3, &h.3, h.2, h.4)
    }

    @inline(__always)
    private static func move(_ wish: Double, _ p: inout Double, _ before: Double, _ after: Double, _ h: inout Double, _ low: Double, _ high: Double) {
        let d = wish - p
        guard d >= 1 && after - p > 1 || d <= -1 && before - p < -1 else { return }
        let s = d > 0 ? 1.0 : -1.0
        let parabola =
            h + s / (after - before) * ((p - before + s) * (high - h) / (after - p) + (after - p - s) * (h - low) / (p - before))
        if low < parabola, parabola < high {
            h = parabola
        } else {
            h += s > 0 ? (high - h) / (after - p) : -(low - h) / (before - p)
        }
        p += s
    }

    /// One of the first five samples takes its place.
    private mutating func insert(_ x: Double) {
        var x = x
        func sink(_ place: inout Double, _ index: Int, _ count: Int) {
            if index >= count {
                place = x
                return
            }
            if x < place { swap(&x, &place) }
        }
        sink(&h.0, 0, count - 1)
        if count > 1 { sink(&h.1, 1, count - 1) }
        if count > 2 { sink(&h.2, 2, count - 1) }
        if count > 3 { sink(&h.3, 3, count - 1) }
        if count > 4 { sink(&h.4, 4, count - 1) }
    }

    func save(_ writer: inout StateWriter) {
        writer.put(count)
        for value in [h.0, h.1, h.2, h.3, h.4, p.0, p.1, p.2, p.3, w.0, w.1, w.2] { writer.put(value) }
    }

    mutating func restore(_ reader: inout StateReader) throws(DetectionError) {
        count = try reader.int(in: 0...Int.max)
        h = (try reader.number(), try reader.number(), try reader.number(), try reader.number(), try reader.number())
        p = (try reader.number(), try reader.number(), try reader.number(), try reader.number())
        w = (try reader.number(), try reader.number(), try reader.number())
    }
}
