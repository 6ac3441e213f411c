/// A picture of values over time: one or more panels above each other that share the time axis.
///
/// A chart is plain data; ``render()`` turns it into the bytes of a PNG file. Times are seconds since the start of the run, ascending in
/// each series. The same chart gives the same bytes on every machine.
public struct Chart: Sendable {
    /// Which times are shown.
    public enum TimeRange: Equatable, Sendable {
        /// From the first to the last time of any sample, and from zero where the first is near it.
        case all
        /// From one time to another, in seconds; samples at both ends count.
        case from(Double, to: Double)
        /// The last seconds up to an end: samples in (end − seconds, end]; without an end, up to the last sample.
        case last(Double, end: Double?)
    }

    /// The title at the top left; may be empty.
    public var title: String
    /// A smaller line below the title; may be empty.
    public var subtitle = ""
    /// The width in points, 200…8192.
    public var width: Double = 1200
    /// The height in points, 120…8192.
    public var height: Double = 600
    /// Pixels in a point: 1 for screens, 2 for print.
    public var scale: Double = 1
    /// The colours.
    public var theme = Theme.light
    /// Which times are shown.
    public var timeRange = TimeRange.all
    /// What the time axis counts; its unit is added in parentheses.
    public var timeLabel = "Time since start"
    /// The panels from top to bottom, 1…16.
    public var panels: [Panel]
    /// Ground truth and alarms, drawn across all panels.
    public var bands: [Band] = []
    /// Times of earlier anomalies, drawn as dashed lines across all panels.
    public var marks: [Mark] = []
    /// Whether the last value of the first series stands large at the top right.
    public var showsCurrentValue = true
    /// Whether minimum, mean, maximum and last value of the first series are given.
    public var showsStatistics = true
    /// Whether lines are named where there are several.
    public var showsLegend = true
    /// Whether a red box says so while an alarm is active at the end of the time range.
    public var showsBanner = true
    /// The words in the red box, before the names of the detectors.
    public var bannerText = "ANOMALY DETECTED"

    /// The most panels that a chart may have.
    public static let panelLimit = 16

    /// A chart with the settings that suit most.
    public init(title: String, panels: [Panel]) {
        self.title = title
        self.panels = panels
    }

    /// Draws the chart and returns the bytes of a PNG file.
    ///
    /// - Throws: ``PlotError`` for a size, time range or value range that cannot be drawn, and for times that do not ascend.
    public func render() throws(PlotError) -> [UInt8] {
        var canvas = try draw()
        return try canvas.png(reduced: true)
    }

    /// Draws the chart on a new canvas.
    public func draw() throws(PlotError) -> Canvas {
        guard width >= 200, height >= 120 else { throw .sizeOutOfRange(width: pixels(width), height: pixels(height)) }
        guard !panels.isEmpty, panels.count <= Self.panelLimit else { throw .panelCountOutOfRange(panels.count) }
        var canvas = try Canvas(width: width, height: height, scale: scale, background: theme.page)
        canvas.coverageSteps = Self.coverageSteps
        var drawing = try ChartDrawing(self)
        drawing.draw(on: &canvas)
        return canvas
    }

    /// Steps of coverage: enough for smooth edges, few enough for a palette.
    private static let coverageSteps = 16

    private func pixels(_ points: Double) -> Int {
        let value = points * scale
        return value.magnitude < 1e15 ? Int(value) : -1
    }
}

/// One sample of a series.
@frozen
public struct Sample: Equatable, Sendable {
    /// The time in seconds since the start of the run; finite.
    public var time: Double
    /// The value in the unit of the series; NaN leaves a gap, infinite values too.
    public var value: Double

    /// A sample.
    @inlinable
    public init(time: Double, value: Double) {
        self.time = time
        self.value = value
    }
}

/// One line of a panel.
public struct Series: Sendable {
    /// How samples become ink.
    public enum Style: Sendable {
        /// A line from sample to sample above a tinted area down to zero.
        case area
        /// A line from sample to sample.
        case line
        /// Each value holds until the next sample.
        case step
        /// A dot for each sample.
        case points
    }

    /// The name in the legend.
    public var name: String
    /// The unit of the values, such as `A`; empty for plain numbers.
    public var unit: String
    /// How samples become ink.
    public var style: Style
    /// The colour; `nil` takes the next of the theme's palette.
    public var color: Color?
    /// The samples in ascending order of time.
    public var samples: [Sample]

    /// A series.
    public init(name: String, unit: String = "", style: Style = .line, color: Color? = nil, samples: [Sample] = []) {
        self.name = name
        self.unit = unit
        self.style = style
        self.color = color
        self.samples = samples
    }
}

/// One y axis with the lines that share it.
public struct Panel: Sendable {
    /// Which values the y axis shows.
    public enum ValueRange: Equatable, Sendable {
        /// All values, and zero.
        case automatic
        /// All values, as large as they fit.
        case tight
        /// From one value to another.
        case fixed(Double, Double)
    }

    /// What the y axis shows, such as `Current`; the unit is added in parentheses.
    public var label: String
    /// The unit of the y axis; empty takes that of the first series.
    public var unit: String
    /// Which values the y axis shows.
    public var valueRange: ValueRange
    /// The lines; the first is drawn on top.
    public var series: [Series]
    /// The height in parts of the heights of all panels.
    public var weight = 1.0
    /// Names of the values 0, 1, 2, … where they stand for states: the axis shows those that occur, and no numbers.
    public var names: [String] = []

    /// A panel.
    public init(label: String, unit: String = "", valueRange: ValueRange = .automatic, series: [Series]) {
        self.label = label
        self.unit = unit
        self.valueRange = valueRange
        self.series = series
    }
}

/// A stretch of time that is drawn across all panels.
public struct Band: Sendable {
    /// What a band stands for.
    public enum Kind: Equatable, Sendable {
        /// What really happened: a tinted column with its name on a lane above the plot.
        case label
        /// What a detector reported: a faint red column and a bar on the time axis.
        case alarm(Severity)
    }

    /// How serious an alarm is.
    public enum Severity: Sendable {
        /// Worth a note.
        case low
        /// The usual one.
        case medium
        /// Needs action.
        case high
        /// Needs action at once.
        case critical
    }

    /// The name of the label or of the detector.
    public var name: String
    /// The start in seconds.
    public var start: Double
    /// The end in seconds, not part of the band; `nil` while it lasts.
    public var end: Double?
    /// What it stands for.
    public var kind: Kind
    /// The colour; `nil` takes the one of the theme.
    public var color: Color?

    /// A band.
    public init(name: String, start: Double, end: Double? = nil, kind: Kind, color: Color? = nil) {
        self.name = name
        self.start = start
        self.end = end
        self.kind = kind
        self.color = color
    }
}

/// A moment that is drawn as a dashed line across all panels.
public struct Mark: Sendable {
    /// The time in seconds.
    public var time: Double
    /// A word beside the line; may be empty.
    public var label: String

    /// A mark.
    public init(time: Double, label: String = "") {
        self.time = time
        self.label = label
    }
}
