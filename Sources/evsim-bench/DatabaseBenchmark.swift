import CAN
import CANDatabase

/// Messages a second that are unpacked and packed, and bytes of a database a second that are read.
enum DatabaseBenchmark {
    /// A message of one signal and one of six, as the benchmarks of other tools have them.
    static let source = """
        BU_: A
        BO_ 768 CurrentReading: 2 A
         SG_ Current : 0|16@1+ (0.1,0) [0|6553.5] "A" A
        BO_ 784 Status: 8 A
         SG_ Voltage : 0|16@1+ (0.1,0) [0|6553.5] "V" A
         SG_ Current : 16|16@1- (0.1,0) [-3276.8|3276.7] "A" A
         SG_ Temp : 32|8@1+ (1,-40) [-40|215] "degC" A
         SG_ State : 40|4@1+ (1,0) [0|15] "" A
         SG_ Fault : 44|4@1+ (1,0) [0|15] "" A
         SG_ EnergyBE : 55|16@0+ (0.01,0) [0|655.35] "kWh" A
        VAL_ 784 State 0 "Idle" 1 "Precharge" 2 "Charging" 3 "Fault" ;

        """

    static func run(repeats: Int = 5) -> [Measurement] {
        let database = DatabaseReader.read(Array(source.utf8)).database
        let codecs = DatabaseCodec(database)
        let count = 4_000_000
        let values = UnsafeMutableBufferPointer<Double>.allocate(capacity: 8)
        defer { values.deallocate() }
        var sums = [Double](repeating: 0, count: 3)
        func decode(_ id: UInt32, _ lengthCode: UInt8, _ codec: MessageCodec, _ place: Int) -> () -> Void {
            {
                var sum = 0.0
                for step in 0..<count {
                    let frame = CANFrame(id: id, lengthCode: lengthCode, payload: UInt64(truncatingIfNeeded: step) &* 0x9E37_79B9_7F4A_7C15)
                    codec.decode(frame, into: values)
                    sum += values[0]
                }
                sums[place] = sum
            }
        }
        let whole = text(messages: 2000)
        let times = leastTimes(
            repeats: repeats,
            [
                decode(768, 2, codecs.messages[0], 0), decode(784, 8, codecs.messages[1], 1),
                {
                    var sum = 0.0
                    for step in 0..<count {
                        let frame = CANFrame(id: step & 1 == 0 ? 768 : 784, lengthCode: 8, payload: UInt64(truncatingIfNeeded: step) &* 0x9E37_79B9)
                        if let index = codecs.message(of: frame) { codecs.messages[index].decode(frame, into: values) }
                        sum += values[0]
                    }
                    sums[2] = sum
                }, { sums[0] += Double(DatabaseReader.read(whole).database.messages.count) },
            ])
        let millions = Double(count) / 1e6
        return [
            Measurement(name: "can-dbc.decode-1-signal", value: millions / times[0], unit: "M messages/s", bar: 25),
            Measurement(name: "can-dbc.decode-6-signals", value: millions / times[1], unit: "M messages/s", bar: 11),
            Measurement(name: "can-dbc.find-and-decode", value: millions / times[2], unit: "M messages/s"),
            Measurement(name: "can-dbc.read-file", value: Double(whole.count) / times[3] / 1e6, unit: "MB/s"),
            Measurement(name: "can-dbc.sums", value: sums.allSatisfy(\.isFinite) ? 1 : 0, unit: "finite", bar: 1),
        ]
    }

    /// A database with many messages of eight signals.
    private static func text(messages: Int) -> [UInt8] {
        var text = "VERSION \"\"\nBU_: A B\n"
        for message in 0..<messages {
            text += "BO_ \(UInt32(message) + 0x8000_0000) M\(message): 8 A\n"
            for signal in 0..<8 { text += " SG_ S\(signal) : \(signal * 8)|8@1+ (0.5,-40) [-40|87.5] \"degC\" B\n" }
        }
        return Array(text.utf8)
    }
}
