import CYAML
import CZlib
import Engine
import Glibc
import JSONText

/// `evsim version`.
enum VersionCommand {
    static func perform(_ arguments: Arguments, _ console: Console) -> ExitCode {
        guard arguments.has(.json) else {
            console.print("evsim \(evsimVersion)")
            return .fine
        }
        let document: JSONValue = [
            "evsim": .string(evsimVersion), "format": 1, "platform": .string(platform), "build": .string(build),
            "libraries": .object(libraries.map { JSONValue.Member($0.name, .string($0.version)) }),
        ]
        console.print(document.text(.pretty))
        return .fine
    }

    /// The libraries in this process with their versions.
    static var libraries: [(name: String, version: String)] {
        [
            ("libyaml", yaml_get_version_string().map { String(cString: $0) } ?? "unknown"), ("zlib", zlibVersion().map { String(cString: $0) } ?? "unknown"),
            ("glibc", glibc),
        ]
    }

    private static var glibc: String {
        var buffer = [CChar](repeating: 0, count: 64)
        guard confstr(Int32(_CS_GNU_LIBC_VERSION), &buffer, buffer.count) > 0 else { return "unknown" }
        let text = buffer.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        return text.split(separator: " ").last.map(String.init) ?? "unknown"
    }

    /// `linux x86_64`.
    static var platform: String {
        #if arch(x86_64)
            return "linux x86_64"
        #elseif arch(arm64)
            return "linux aarch64"
        #else
            return "linux"
        #endif
    }

    /// Whether the optimiser was on.
    static var build: String {
        var isDebug = false
        assert(
            {
                isDebug = true; return true
            }())
        return isDebug ? "debug" : "release"
    }
}
