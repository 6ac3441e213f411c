import JSONText
import OCPP
import Quantities

/// A change of values in the payload of a message; all other bytes stay as they are.
struct MessageEdit {
    /// Which values it is about.
    enum Place: Hashable {
        /// The one at a JSON pointer, given by its parts.
        case pointer([String])
        /// The first one under an official name, at any depth.
        case first(String)
        /// All under an official name.
        case all(String)
        /// The samples of a measurand, such as `Power.Active.Import`.
        case measurand(String)
    }

    /// What becomes of a value.
    enum Change {
        case set(JSONValue)
        case add(Double)
        case scale(Double)
        /// It stays what it was when it was first seen.
        case freeze
    }

    let place: Place
    let change: Change

    /// A place as files write it: a JSON pointer, the name of a measurand, or the name of a field.
    static func place(_ path: String) -> Place {
        if path.hasPrefix("/"), let parts = JSONPlaces.parts(of: path) { return .pointer(parts) }
        return path.contains(".") || measurands.contains(path) ? .measurand(path) : .first(path)
    }

    /// Measurands of OCPP 1.6 without a dot in their names.
    private static let measurands: Set<String> = ["Frequency", "RPM", "SoC", "Temperature", "Voltage"]

    /// The values that it is about, in a payload.
    func places(in payload: UnsafeRawBufferPointer) -> [Range<Int>] {
        switch place {
        case .pointer(let parts): return JSONPlaces.value(at: parts, in: payload).map { [$0] } ?? []
        case .first(let name): return JSONPlaces.first(named: name, in: payload).map { [$0] } ?? []
        case .all(let name): return JSONPlaces.all(in: payload) { key, _ in key == name }
        case .measurand(let name):
            return JSONPlaces.all(in: payload) { key, object in
                guard key == "value" else { return false }
                let sample = UnsafeRawBufferPointer(rebasing: payload[object])
                guard let found = JSONPlaces.value(at: ["measurand"], in: sample) else { return name == "Energy.Active.Import.Register" }
                return (try? JSONValue(parsing: String(decoding: sample[found], as: UTF8.self)))?.string == name
            }
        }
    }

    /// The value that takes the place of one; `nil` when it stays. `frozen` is what `freeze` has remembered.
    func replacement(of old: String, frozen: String?) -> String? {
        switch change {
        case .set(let value):
            let isText = old.utf8.first == 0x22
            if isText, let number = Self.numberText(value) { return "\"\(number)\"" }
            if !isText, case .string(let text) = value, Double(old) != nil, Double(text) != nil { return text }
            return value.text()
        case .add(let amount): return Self.number(old) { $0 + amount }
        case .scale(let factor): return Self.number(old) { $0 * factor }
        case .freeze: return frozen
        }
    }

    private static func numberText(_ value: JSONValue) -> String? {
        switch value {
        case .integer(let number): String(number)
        case .number(let text): text
        case .double(let number): decimalText(number)
        default: nil
        }
    }

    /// A number with another value, with as many places behind the point as it had, in quotes when it had them; `nil` for what is none.
    private static func number(_ old: String, _ change: (Double) -> Double) -> String? {
        let isText = old.utf8.first == 0x22
        let digits = isText ? String(old.dropFirst().dropLast()) : old
        guard let number = Double(digits), number.isFinite, !digits.isEmpty else { return nil }
        let value = change(number)
        guard value.isFinite else { return nil }
        var places = 0
        if let point = digits.firstIndex(of: ".") { places = digits[digits.index(after: point)...].prefix { $0.isNumber }.count }
        let text = fixed(value, places: places)
        return isText ? "\"\(text)\"" : text
    }

    /// A number with so many places behind the point.
    static func fixed(_ value: Double, places: Int) -> String {
        var scale = 1.0
        for _ in 0..<min(places, 15) { scale *= 10 }
        let scaled = (value * scale).rounded()
        guard scaled.magnitude < 9e15, places <= 15 else { return decimalText(value) }
        let whole = Int64(scaled)
        guard places > 0 else { return String(whole) }
        var digits = String(whole.magnitude)
        while digits.utf8.count <= places { digits = "0" + digits }
        let point = digits.index(digits.endIndex, offsetBy: -places)
        return (whole < 0 ? "-" : "") + digits[..<point] + "." + digits[point...]
    }
}

/// Changes of the payloads of messages, with what frozen values were.
struct MessageEditor {
    private let edits: [MessageEdit]
    /// What a frozen value was, by link, direction, edit and place.
    private var frozen: [Key: String] = [:]

    private struct Key: Hashable {
        let link: Int
        let up: Bool
        let edit: Int
        let place: Int
    }

    init(_ edits: [MessageEdit]) { self.edits = edits }

    /// The message with the edits made; `nil` when nothing of it changes.
    mutating func edited(_ message: OCPPMessage, up: Bool, link: Int) -> OCPPMessage? {
        let old = message.bytes
        let head = MessageHead(.frame(old))
        guard let range = head.payload else { return nil }
        var payload = Array(old[range])
        var isChanged = false
        for (number, edit) in edits.enumerated() { isChanged = apply(edit, number, &payload, up, link, head) || isChanged }
        guard isChanged else { return nil }
        return OCPPMessage(wire: Array(old[..<range.lowerBound]) + payload + Array(old[range.upperBound...]))
    }

    private mutating func apply(_ edit: MessageEdit, _ number: Int, _ payload: inout [UInt8], _ up: Bool, _ link: Int, _ head: MessageHead) -> Bool {
        let places = payload.withUnsafeBytes { edit.places(in: $0) }
        if places.isEmpty { return add(edit, &payload, head) }
        var isChanged = false
        // From the back, so that places keep their meaning.
        for (index, place) in places.enumerated().reversed() {
            let old = String(decoding: payload[place], as: UTF8.self)
            let key = Key(link: link, up: up, edit: number, place: index)
            if case .freeze = edit.change, frozen[key] == nil { frozen[key] = old }
            guard let new = edit.replacement(of: old, frozen: frozen[key]), new != old else { continue }
            payload.replaceSubrange(place, with: Array(new.utf8))
            isChanged = true
        }
        return isChanged
    }

    /// Adds a field that the payload of a call does not have: the last part of a pointer, or a field of the message by its name.
    private func add(_ edit: MessageEdit, _ payload: inout [UInt8], _ head: MessageHead) -> Bool {
        guard case .set(let value) = edit.change, head.type == 2 else { return false }
        var object: Range<Int>?
        var name = ""
        switch edit.place {
        case .pointer(let parts):
            guard let last = parts.last else { return false }
            name = last
            object = payload.withUnsafeBytes { JSONPlaces.value(at: Array(parts.dropLast()), in: $0) }
        case .first(let field), .all(let field):
            guard let action = OCPPAction(rawValue: UInt8(truncatingIfNeeded: head.action)), head.action >= 0,
                OCPPPayload.requestFields(action).contains(where: { $0.name == field })
            else { return false }
            name = field
            object = 0..<payload.count
        case .measurand: return false
        }
        guard let object, object.count >= 2, payload[object.lowerBound] == 0x7B else { return false }
        let isEmpty = payload[object].dropFirst().dropLast().allSatisfy { $0 <= 0x20 }
        let member = "\(isEmpty ? "" : ",")\(JSONValue.string(name).text()):\(value.text())"
        payload.insert(contentsOf: member.utf8, at: object.upperBound - 1)
        return true
    }
}

/// Messages are changed on their way.
final class ModifyAttack: InterceptingAttack {
    private var editor: MessageEditor
    private let chance: Double
    /// How many random bits of the text are inverted.
    private let bits: Int

    init(_ aim: LinkAim, _ edits: [MessageEdit], bits: Int = 0, chance: Double, _ simulation: Simulation) {
        editor = MessageEditor(edits)
        (self.chance, self.bits) = (chance, bits)
        super.init(aim, simulation)
    }

    override func pass(_ unit: LinkUnit, up: Bool, link: Int, into out: inout [LinkUnit]) {
        guard aim.meets(unit, up: up), happens(chance) else { return out.append(unit) }
        var changed = unit
        if let message = editor.edited(unit.message, up: up, link: link) { changed.message = message }
        if bits > 0 { changed.message = flipped(changed.message) }
        guard changed.message != unit.message else { return out.append(unit) }
        out.append(marked(changed))
    }

    private func flipped(_ message: OCPPMessage) -> OCPPMessage {
        var bytes = message.bytes
        guard !bytes.isEmpty else { return message }
        for _ in 0..<bits {
            let bit = draw(1) { $0.choice(bytes.count * 8) }
            bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        }
        return OCPPMessage(wire: bytes)
    }
}
