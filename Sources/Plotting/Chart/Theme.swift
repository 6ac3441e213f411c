/// The colours of a chart.
public struct Theme: Equatable, Sendable {
    /// The paper around the plots.
    public var page: Color
    /// The ground of a plot.
    public var plot: Color
    /// Grid lines.
    public var grid: Color
    /// Axis lines and ticks.
    public var axis: Color
    /// Titles and values.
    public var ink: Color
    /// Labels and everything that should stand back.
    public var muted: Color
    /// Lines in order; told apart by people with any common colour vision.
    public var palette: [Color]
    /// The ground truth.
    public var label: Color
    /// Alarms of severity low, medium, high and critical.
    public var alarms: [Color]
    /// The box that announces an active alarm.
    public var banner: Color
    /// How strongly the area below a line is tinted, 0…1.
    public var areaOpacity: Double

    /// Dark ink on white.
    public static let light = Theme(
        page: Color(0xFFFFFF), plot: Color(0xFAFBFC), grid: Color(red: 0x1B, green: 0x24, blue: 0x30, alpha: 22), axis: Color(0x8A94A3), ink: Color(0x1B2430),
        muted: Color(0x5C6877),
        palette: [
            Color(0x0B6BB8), Color(0xE08A00), Color(0x00896A), Color(0xB0568F), Color(0x4FA9DE), Color(0x8A5A2B), Color(0x5B6470), Color(0x9A9A1F),
        ],
        label: Color(0x6A55C2), alarms: [Color(0xE0A100), Color(0xDC4A41), Color(0xC8201F), Color(0x8C0E3A)], banner: Color(0xC9211E),
        areaOpacity: 0.13)

    /// Light ink on a dark ground.
    public static let dark = Theme(
        page: Color(0x14181F), plot: Color(0x191E27), grid: Color(red: 0xED, green: 0xF1, blue: 0xF6, alpha: 20), axis: Color(0x6B7686), ink: Color(0xEDF1F6),
        muted: Color(0x9BA7B6),
        palette: [
            Color(0x58A9F0), Color(0xF0A63A), Color(0x35C29B), Color(0xDB8ABF), Color(0x9AD4F5), Color(0xC99A6B), Color(0xA6B0BD), Color(0xD0CE5A),
        ],
        label: Color(0x9C8BF0), alarms: [Color(0xE8B93C), Color(0xF0635A), Color(0xF24843), Color(0xE0457F)], banner: Color(0xD0302B),
        areaOpacity: 0.18)

    /// The colour of an alarm.
    func color(of severity: Band.Severity) -> Color {
        let index: Int
        switch severity {
        case .low: index = 0
        case .medium: index = 1
        case .high: index = 2
        case .critical: index = 3
        }
        return index < alarms.count ? alarms[index] : banner
    }

    /// The colour of the series with this number, counted over all panels.
    func color(ofSeries index: Int) -> Color { palette.isEmpty ? ink : palette[index % palette.count] }
}
