/// Why a database or a message cannot be used.
public struct DatabaseError: Error, Equatable, Sendable {
    /// Line of the file, from 1; 0 when no line is meant.
    public var line: Int
    /// What is wrong, in a sentence.
    public var text: String
}
