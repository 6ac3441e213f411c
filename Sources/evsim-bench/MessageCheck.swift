import Glibc
import JSONText
import OCPP

/// `evsim-bench ocpp-check [--lenient]`: reads messages and says what the decoder makes of each, for judges that were not written here.
///
/// Input: JSON lines with `receiver` (CP or CSMS), `action`, `kind` (request or confirmation) and `text`, the text of the payload. Output, a line for
/// each: `ok`, and `code` and `violations` (rule, pointer, value, expected) if refused, or `again`, the payload as it would be sent on.
enum MessageCheck {
    static func run(isStrict: Bool) {
        var decoders = [MessageDecoder(role: .chargePoint, isStrict: isStrict), MessageDecoder(role: .centralSystem, isStrict: isStrict)]
        while let line = readLine() {
            let answer = (try? JSONValue(parsing: line)).flatMap { check($0, &decoders) } ?? .object([.init("error", .string("no such line"))])
            print(answer.text())
        }
    }

    private static func check(_ line: JSONValue, _ decoders: inout [MessageDecoder]) -> JSONValue? {
        guard let action = line["action"]?.string, let text = line["text"]?.string, let known = OCPPAction(name: action) else { return nil }
        let isRequest = line["kind"]?.string == "request"
        let frame = isRequest ? "[2,\"1\",\"\(action)\",\(text)]" : "[3,\"1\",\(text)]"
        let result = decoders[line["receiver"]?.string == "CP" ? 0 : 1].decode(Array(frame.utf8)) { $0 == .number(1) ? .known(known) : nil }
        switch result {
        case .message(let message):
            let again = String(decoding: message.bytes, as: UTF8.self)
            return .object([.init("ok", .bool(true)), .init("again", .string(again))])
        case .refused(.error(_, let error), let violations), .failed(_, let error, let violations): return refusal(error.code, violations)
        case .refused: return nil
        case .ignored(let reason): return .object([.init("ok", .bool(false)), .init("ignored", .string("\(reason)"))])
        }
    }

    private static func refusal(_ code: OCPPErrorCode, _ violations: [Violation]) -> JSONValue {
        let list = violations.map { violation in
            JSONValue.object([
                .init("rule", .string("\(violation.rule)")), .init("pointer", .string(violation.pointer)), .init("value", .string(violation.value)),
                .init("expected", .string(violation.expected)), .init("code", .string(violation.code.name)),
            ])
        }
        return .object([.init("ok", .bool(false)), .init("code", .string(code.name)), .init("violations", .array(list))])
    }
}
