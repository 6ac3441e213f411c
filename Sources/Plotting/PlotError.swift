/// Why a picture could not be made.
public enum PlotError: Error, Equatable, Sendable {
    /// The size in points, times the scale, is outside what a picture may have; the pixels asked for are given, -1 where they fit no integer.
    case sizeOutOfRange(width: Int, height: Int)
    /// The scale is not a finite number from 0.25 to 8.
    case scaleOutOfRange(Double)
    /// A sample of this series comes before the one in front of it, or its time is not a finite number.
    case timesNotAscending(series: String, index: Int)
    /// The time range or window is empty, negative or not finite.
    case timeRangeInvalid
    /// The fixed range of this panel's y axis is empty, upside down or not finite.
    case valueRangeInvalid(panel: Int)
    /// There is no panel to draw, or more than a picture has room for.
    case panelCountOutOfRange(Int)
    /// zlib refused to compress; its result code is given.
    case compressionFailed(code: Int32)
}

extension PlotError: CustomStringConvertible {
    /// One sentence for people, without a full stop.
    public var description: String {
        switch self {
        case .sizeOutOfRange(let width, let height):
            return "the picture would be \(width) x \(height) pixels; it may be 200 x 120 points to 8192 pixels a side, 64 million pixels in all"
        case .scaleOutOfRange(let scale): return "the scale \(scale) is not between 0.25 and 8"
        case .timesNotAscending(let series, let index): return "the time of sample \(index) of '\(series)' is not a number that follows the one before it"
        case .timeRangeInvalid: return "the time range of the plot is empty or not finite"
        case .valueRangeInvalid(let panel): return "the value range of panel \(panel + 1) is empty or not finite"
        case .panelCountOutOfRange(let count): return "a chart has 1 to \(Chart.panelLimit) panels, not \(count)"
        case .compressionFailed(let code): return "the picture could not be compressed (zlib code \(code))"
        }
    }
}
