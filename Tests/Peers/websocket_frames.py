"""Frames, right and broken, from a raw socket to our server."""
import random
import struct

from websocket_peer import Raw, attempt


def frames(port):
    def case(name, body):
        def run():
            raw = Raw.client(port)
            try:
                return body(raw)
            finally:
                raw.sock.close()

        attempt(name, run)

    def echo(payload):
        def body(raw):
            raw.send(1, payload)
            raw.echoes(payload)
            raw.done()

        return body

    for size in [0, 1, 125, 126, 127, 128, 65535, 65536, 1 << 20]:
        case(f"text of {size} bytes", echo(b"*" * size))

    def trickle(raw):
        for byte in raw.frame(1, b"x" * 130) + raw.frame(9, b"p") + raw.frame(1, "é€😀".encode()):
            raw.sock.sendall(bytes([byte]))
        raw.echoes(b"x" * 130)
        assert raw.receive()[:2] == (10, b"p")
        raw.echoes("é€😀".encode())
        raw.done()

    case("byte by byte", trickle)

    def chopped(raw):
        sent = [bytes(random.choices(b"abc{}[]\"", k=random.randrange(2000))) for _ in range(60)]
        stream = b"".join(raw.frame(1, message) for message in sent)
        while stream:
            cut = random.randrange(1, 700)
            raw.sock.sendall(stream[:cut])
            stream = stream[cut:]
        for message in sent:
            raw.echoes(message)
        raw.done()

    case("60 messages in random pieces", chopped)

    def refused(code, *frame, **options):
        def body(raw):
            raw.send(1, b"before")
            raw.send(*frame, **options)
            raw.echoes(b"before")
            raw.closes(code)

        return body

    for rsv in (1, 2, 4):
        case(f"reserved bits {rsv}", refused(1002, 1, b"x", rsv=rsv))
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        case(f"reserved opcode {opcode}", refused(1002, opcode, b"x"))
    case("no mask", refused(1002, 1, b"x", masked=False))
    case("length 5 in 16 bits", refused(1002, 1, b"hello", form=16))
    case("length 300 in 64 bits", refused(1002, 1, b"h" * 300, form=64))
    case("length with the highest bit", refused(1002, 1, b"", form=64, length=1 << 63))
    case("17 MiB announced", refused(1009, 1, b"", length=17 << 20))
    case("binary where text is taken", refused(1003, 2, b"x"))

    # Control frames.
    def ping(payload):
        def body(raw):
            raw.send(9, payload)
            got = raw.receive()
            assert got[:2] == (10, payload), got
            raw.done()

        return body

    case("ping without payload", ping(b""))
    case("ping with bytes of any value", ping(b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff"))
    case("ping of 125 bytes", ping(b"\xfe" * 125))
    case("ping of 126 bytes", refused(1002, 9, b"\xfe" * 126))
    case("ping in fragments", refused(1002, 9, b"x", fin=False))

    def pongs(raw):
        raw.send(10, b"nobody asked")
        for number in range(10):
            raw.send(9, b"%d" % number)
        for number in range(10):
            assert raw.receive()[:2] == (10, b"%d" % number)
        raw.done()

    case("a pong that nobody asked for, ten pings", pongs)

    # Fragments.
    def fragments(*parts, between=b""):
        def body(raw):
            for index, part in enumerate(parts):
                raw.send(1 if index == 0 else 0, part, fin=index == len(parts) - 1)
                if between and index < len(parts) - 1:
                    raw.send(9, between)
                    assert raw.receive()[:2] == (10, between)
            raw.echoes(b"".join(parts))
            raw.done()

        return body

    case("two fragments", fragments(b"frag", b"ment"))
    case("pings between fragments", fragments(b"a", b"b", b"c", b"d", between=b"?"))
    case("empty fragments", fragments(b"", b"", b""))
    case("empty fragments around", fragments(b"", b"middle", b""))
    case("500 fragments of one byte", fragments(*[b"x"] * 500))
    case("a character over four fragments", fragments(*[bytes([byte]) for byte in "😀".encode()]))
    case("continuation at the start", refused(1002, 0, b"x"))
    case("continuation without end at the start", refused(1002, 0, b"x", fin=False))

    def interrupted(raw):
        raw.send(1, b"a", fin=False)
        raw.send(1, b"b")
        raw.closes(1002)

    case("a new message inside fragments", interrupted)

    def growing(raw):
        for index in range(18):
            try:
                raw.send(1 if index == 0 else 0, b"x" * (1 << 20), fin=False)
            except ConnectionError:
                break
        raw.closes(1009)

    case("fragments over the limit together", growing)

    # UTF-8.
    for name, text in [
        ("Greek", "κόσμε"), ("one byte, last", "\x7f"), ("two bytes, first", "\x80"), ("two bytes, last", "\u07ff"), ("three bytes, first", "\u0800"),
        ("before the surrogates", "\ud7ff"), ("behind the surrogates", "\ue000"), ("replacement", "\ufffd"), ("noncharacter", "\uffff"),
        ("four bytes, first", "\U00010000"), ("four bytes, last", "\U0010ffff"), ("zero", "a\x00b"),
    ]:
        case(f"UTF-8: {name}", echo(text.encode()))
    for name, data in [
        ("lone continuation", b"\x80"), ("lone continuation at the end", b"abc\xbf"), ("overlong slash", b"\xc0\xaf"), ("overlong, three", b"\xe0\x80\xaf"),
        ("overlong, four", b"\xf0\x80\x80\xaf"), ("C1", b"\xc1\xbf"), ("E0 9F", b"\xe0\x9f\xbf"), ("F0 8F", b"\xf0\x8f\xbf\xbf"),
        ("surrogate", b"\xed\xa0\x80"), ("last surrogate", b"\xed\xbf\xbf"), ("over 10FFFF", b"\xf4\x90\x80\x80"), ("F5", b"\xf5\x80\x80\x80"),
        ("five bytes", b"\xf8\x88\x80\x80\x80"), ("FE", b"\xfe"), ("FF", b"x\xff"), ("cut two", b"ab\xc3"), ("cut three", b"ab\xe2\x82"),
        ("cut four", b"ab\xf0\x9f\x98"), ("no continuation", b"\xe2\x28\xa1"), ("far behind", b"a" * 100 + b"\xff" + b"a" * 100),
    ]:
        case(f"not UTF-8: {name}", refused(1007, 1, data))

    def early(raw):
        raw.send(1, b"ok so far \xff", fin=False)
        raw.closes(1007)

    case("wrong text fails in its first fragment", early)

    def inside(raw):
        raw.sock.sendall(raw.frame(1, b"\xed\xa0" + b"x" * 1000)[:20])
        raw.closes(1007)

    case("wrong text fails before the frame is whole", inside)

    # Close.
    def close(payload, *codes):
        def body(raw):
            raw.send(8, payload)
            raw.closes(*codes)

        return body

    case("close without code", close(b"", None))
    case("close with one byte", close(b"\x03", 1002))
    for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]:
        case(f"close with {code}", close(struct.pack(">H", code) + b"bye", code))
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535]:
        case(f"close with {code} is refused", close(struct.pack(">H", code), 1002))
    case("close with a reason of 123 bytes", close(struct.pack(">H", 1000) + b"r" * 123, 1000))
    case("close of 126 bytes", close(struct.pack(">H", 1000) + b"r" * 124, 1002))
    case("close with a reason that is not UTF-8", close(struct.pack(">H", 1000) + b"\xce\xba\xe1\xbd\xb9\xcf\x83\xed\xa0\x80", 1007))
    case("close in fragments", refused(1002, 8, b"", fin=False))

    def after(raw):
        raw.send(8, struct.pack(">H", 1000))
        raw.send(1, b"too late")
        raw.send(9, b"too late")
        opcode, payload, _ = raw.receive()
        assert (opcode, payload) == (8, struct.pack(">H", 1000)), (opcode, payload)
        assert raw.sock.recv(100) == b"", "something came behind the close frame"

    case("nothing is answered behind a close frame", after)

    def double(raw):
        raw.sock.sendall(b"".join(raw.frame(1, b"m%d" % number) for number in range(1000)))
        for number in range(1000):
            raw.echoes(b"m%d" % number)
        raw.done()

    case("1000 messages in one piece", double)

    def fuzz():
        for _ in range(300):
            raw = Raw.client(port)
            raw.sock.sendall(bytes(random.choices(range(256), k=random.randrange(1, 200))))
            raw.sock.close()
        raw = Raw.client(port)
        raw.send(1, b"alive")
        raw.echoes(b"alive")
        raw.done()

    attempt("300 connections with random bytes leave the server well", fuzz)
