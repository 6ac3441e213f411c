/// The rule of one field of a message or object type.
struct FieldRule: Sendable {
    /// What the value of a field must be.
    enum Form: UInt8, Sendable {
        case string, integer, tenths, boolean, dateTime, uri, enumeration, object
    }

    /// The place of the name in the catalogue's text.
    var name: Range<Int32>
    var form: Form
    var isRequired = false
    /// True if the value is an array of the form.
    var isArray = false
    /// The least number of elements of an array.
    var leastCount = 0
    /// The greatest number of characters of a string; `.max` if there is no bound.
    var greatestLength = Int32.max
    /// The number of the enumeration or object type.
    var reference: Int16 = -1
}

/// The fields of one message or object type.
struct ObjectRule: Sendable {
    /// The place of the fields in the catalogue; at most 64.
    var fields: Range<Int32>
    /// One bit for each required field.
    var required: UInt64
}

/// The catalogue as the validator reads it: plain memory without reference counts.
///
/// - Note: `@unchecked Sendable`: the memory is written once, before the only instance is shared, and never freed.
final class CatalogueTables: @unchecked Sendable {
    /// The bytes of all names.
    let text: UnsafePointer<UInt8>
    let fields: UnsafePointer<FieldRule>
    let objects: UnsafePointer<ObjectRule>
    /// The names of all enumerations behind one another, and where each begins.
    let values: UnsafePointer<Range<Int32>>
    let enumerations: UnsafePointer<Range<Int>>
    /// The names of the actions.
    let actions: UnsafePointer<Range<Int32>>
    /// Object numbers of requests, then of confirmations.
    let messages: UnsafePointer<Int>

    static let ocpp16 = CatalogueTables(.ocpp16)

    private init(_ catalogue: MessageCatalogue) {
        func copy<Element>(_ elements: [Element]) -> UnsafePointer<Element> {
            let memory = UnsafeMutablePointer<Element>.allocate(capacity: max(1, elements.count))
            memory.initialize(from: elements, count: elements.count)
            return UnsafePointer(memory)
        }
        var text = catalogue.text
        let actions = OCPPAction.names.map { name in
            let start = Int32(text.count)
            text.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
            return start..<Int32(text.count)
        }
        var first = 0
        let ranges = catalogue.enumerations.map { values in
            defer { first += values.count }
            return first..<first + values.count
        }
        self.text = copy(text)
        self.actions = copy(actions)
        fields = copy(catalogue.fields)
        objects = copy(catalogue.objects)
        values = copy(catalogue.enumerations.flatMap { $0 })
        enumerations = copy(ranges)
        messages = copy(catalogue.requests + catalogue.confirmations)
    }
}

/// Every message of a version of OCPP as data: fields, types, lengths, enumerations, cardinality.
///
/// One validator (``MessageDecoder``) interprets it; a new message is a new line of text.
struct MessageCatalogue: Sendable {
    private(set) var text: [UInt8] = []
    private(set) var fields: [FieldRule] = []
    private(set) var objects: [ObjectRule] = []
    private(set) var enumerations: [[Range<Int32>]] = []
    /// Object numbers of request and confirmation by action.
    private(set) var requests: [Int] = []
    private(set) var confirmations: [Int] = []
    /// Lines that could not be understood; empty in a catalogue without mistakes.
    private(set) var mistakes: [String] = []

    /// The catalogue of OCPP 1.6 with the security whitepaper.
    static let ocpp16 = MessageCatalogue(messages: ocpp16Text, types: ocpp16Types)

    /// The object rule of a message.
    func rule(_ action: OCPPAction, isRequest: Bool) -> Int { (isRequest ? requests : confirmations)[Int(action.rawValue)] }

    /// The text of a name.
    func name(_ range: Range<Int32>) -> String { String(decoding: text[Int(range.lowerBound)..<Int(range.upperBound)], as: UTF8.self) }

    // MARK: Reading the text

    /// What a type name stands for.
    private enum Named {
        case object(Int16)
        case enumeration(Int16)
    }

    init(messages: String, types: String) {
        var names: [String: Named] = [:]
        var pending: [(line: Substring, object: Int)] = []
        for line in types.split(separator: "\n") {
            let (name, body) = Self.halves(line)
            if body.first == "{" {
                names[name] = .enumeration(addEnumeration(body))
            } else {
                names[name] = .object(Int16(objects.count))
                pending.append((body, objects.count))
                objects.append(ObjectRule(fields: 0..<0, required: 0))
            }
        }
        for (body, object) in pending { objects[object] = objectRule(body, names) }
        let none = objects.count
        objects.append(ObjectRule(fields: 0..<0, required: 0))
        requests = Array(repeating: none, count: OCPPAction.allCases.count)
        confirmations = requests
        for line in messages.split(separator: "\n") {
            let (title, body) = Self.halves(line)
            let isRequest = title.hasSuffix(".req")
            guard let action = OCPPAction(name: String(title.dropLast(isRequest ? 4 : 5))) else {
                mistakes.append(title)
                continue
            }
            if isRequest { requests[Int(action.rawValue)] = objects.count } else { confirmations[Int(action.rawValue)] = objects.count }
            objects.append(objectRule(body, names))
        }
    }

    private static func halves(_ line: Substring) -> (String, Substring) {
        guard let space = line.firstIndex(of: " ") else { return (String(line), "") }
        return (String(line[..<space]), line[line.index(after: space)...])
    }

    private mutating func intern(_ name: Substring) -> Range<Int32> {
        let start = Int32(text.count)
        text.append(contentsOf: name.utf8)
        return start..<Int32(text.count)
    }

    private mutating func addEnumeration(_ body: Substring) -> Int16 {
        var values: [Range<Int32>] = []
        for value in body.split(whereSeparator: { "{|} ".contains($0) }) { values.append(intern(value)) }
        enumerations.append(values)
        return Int16(enumerations.count - 1)
    }

    private mutating func objectRule(_ body: Substring, _ names: [String: Named]) -> ObjectRule {
        let first = fields.count
        var required: UInt64 = 0
        for (index, field) in body.split(separator: ",").enumerated() {
            let words = field.split(separator: " ", maxSplits: 1)
            guard words.count == 2, index < 64 else {
                mistakes.append(String(field))
                continue
            }
            let isRequired = words[0].last == "!"
            if isRequired { required |= 1 << UInt64(index) }
            var rule = FieldRule(name: intern(isRequired ? words[0].dropLast() : words[0]), form: .string, isRequired: isRequired)
            var type = words[1]
            if type.first == "[" {
                rule.isArray = true
                rule.leastCount = type.last == "+" ? 1 : 0
                type = type.dropFirst().dropLast(type.last == "+" ? 2 : 1)
            }
            setForm(&rule, type, names)
            fields.append(rule)
        }
        return ObjectRule(fields: Int32(first)..<Int32(fields.count), required: required)
    }

    private mutating func setForm(_ rule: inout FieldRule, _ type: Substring, _ names: [String: Named]) {
        switch type {
        case "int": rule.form = .integer
        case "tenths": rule.form = .tenths
        case "bool": rule.form = .boolean
        case "dateTime": rule.form = .dateTime
        case "uri": rule.form = .uri
        case let type where type.hasPrefix("str"):
            if type.count > 3 {
                if let length = Int32(type.dropFirst(3)) { rule.greatestLength = length } else { mistakes.append(String(type)) }
            }
        case let type where type.first == "{":
            rule.form = .enumeration
            rule.reference = addEnumeration(type)
        default:
            switch names[String(type)] {
            case .object(let number): (rule.form, rule.reference) = (.object, number)
            case .enumeration(let number): (rule.form, rule.reference) = (.enumeration, number)
            case nil: mistakes.append(String(type))
            }
        }
    }
}
