/// What can be wrong with the settings of a detector.
public enum DetectionError: Error, Equatable, Sendable {
    /// The kind has no such setting.
    case unknownSetting(String)
    /// A setting that the kind needs is absent.
    case missing(setting: String)
    /// A setting has a value of another type than the kind declares.
    case wrongType(setting: String, expected: String)
    /// A setting lies outside its range; the requirement completes the sentence "it must be ...".
    case outOfRange(setting: String, requirement: String)
    /// An entry inside a nested setting is wrong; the path leads to it, the problem completes "the setting 'x' ...".
    case badEntry(path: [String], problem: String)
    /// A saved state cannot be taken over; the text says why.
    case badState(String)
}

extension DetectionError: CustomStringConvertible {
    /// One sentence that names the setting and what it must be.
    public var description: String {
        switch self {
        case .unknownSetting(let name): "there is no setting '\(name)'"
        case .missing(let name): "the setting '\(name)' is missing"
        case .wrongType(let name, let expected): "'\(name)' must be \(expected)"
        case .outOfRange(let name, let requirement): "'\(name)' must be \(requirement)"
        case .badEntry(let path, let problem): "'\(path.joined(separator: "."))' \(problem)"
        case .badState(let problem): "the saved state does not fit: \(problem)"
        }
    }
}
