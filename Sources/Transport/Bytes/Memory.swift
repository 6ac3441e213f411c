import Glibc

/// Memory of the C library, whose `free` needs no size.
enum Memory {
    /// `count` bytes; a process that gets none cannot go on.
    static func allocate(_ count: Int) -> UnsafeMutableRawPointer {
        guard let memory = malloc(max(1, count)) else { abort() }
        return memory
    }
}
