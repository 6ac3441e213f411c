"""TLS and the security profiles, with certificates that the openssl program makes."""
import base64
import os
import pathlib
import socket
import ssl
import subprocess
import threading

from websockets.sync.client import connect
from websockets.sync.server import serve

from websocket_peer import Program, Server, attempt, texts


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Certificates:
    """A CA and what it signed, made by the openssl program."""

    def __init__(self, folder, name="ca"):
        self.folder, self.name = folder, name
        self.key, self.cert = f"{folder}/{name}.key", f"{folder}/{name}.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.key, "-out", self.cert, "-days", "30", "-subj", f"/CN={name}")

    def issue(self, name, subject, names="", kind="ec", days="10"):
        key, request, cert, rules = (f"{self.folder}/{name}.{end}" for end in ("key", "csr", "pem", "ext"))
        pathlib.Path(rules).write_text(f"subjectAltName={names}\n" if names else "basicConstraints=CA:FALSE\n")
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else ["-newkey", "rsa:2048"]
        openssl("req", *curve, "-nodes", "-keyout", key, "-out", request, "-subj", subject)
        dates = ["-not_before", "20200101000000Z", "-not_after", "20200201000000Z"] if days == "old" else ["-days", days]
        if days == "old":
            database = f"{self.folder}/{name}.index"
            pathlib.Path(database).write_text("")
            pathlib.Path(f"{database}.conf").write_text(
                f"[ca]\ndefault_ca=d\n[d]\ndatabase={database}\nnew_certs_dir={self.folder}\nserial={database}.serial\npolicy=p\ndefault_md=sha256\n[p]\ncommonName=supplied\norganizationName=optional\n")
            pathlib.Path(f"{database}.serial").write_text("7001\n")
            openssl("ca", "-batch", "-config", f"{database}.conf", "-in", request, "-out", cert, "-notext", "-cert", self.cert, "-keyfile", self.key,
                    "-startdate", "20200101000000Z", "-enddate", "20200201000000Z", "-extfile", rules)
        else:
            openssl("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self.key, "-CAcreateserial", "-out", cert, *dates, "-extfile", rules)
        return cert, key


def tls(folder):
    authority, stranger = Certificates(folder), Certificates(folder, "stranger")
    names = "DNS:localhost,IP:127.0.0.1"
    server_cert = authority.issue("server", "/CN=central", names)
    rsa_cert = authority.issue("rsa", "/CN=central", names, kind="rsa")
    old_cert = authority.issue("old", "/CN=central", names, days="old")
    other_cert = authority.issue("other", "/CN=central", "DNS:csms.example.org")
    foreign_cert = stranger.issue("foreign", "/CN=central", names)
    charger_cert = authority.issue("charger", "/CN=SERIAL1/O=Operator")
    foreign_charger = stranger.issue("foreign-charger", "/CN=SERIAL1/O=Operator")
    old_charger = authority.issue("old-charger", "/CN=SERIAL1", days="old")
    key = "0011223344556677889900112233445566778899"

    def serving(cert, profile="2", *more):
        return Server("--profile", profile, "--cert", cert[0], "--key", cert[1], "--ca", authority.cert, "--keys", f"CP1={key}", *more)

    def client(port, *options, profile="2", ca=None, host="127.0.0.1"):
        return Program("ws-echo-client", f"wss://{host}:{port}/ocpp", "CP1", "--profile", profile, "--hex-key", key, "--ca", ca or authority.cert, *options)

    authorization = {"Authorization": "Basic " + base64.b64encode(b"CP1:" + bytes.fromhex(key)).decode()}

    def package_client(port, version=None, cert=None, host="127.0.0.1"):
        context = ssl.create_default_context(cafile=authority.cert)
        if version:
            context.minimum_version = context.maximum_version = version
        if cert:
            context.load_cert_chain(*cert)
        with connect(f"wss://{host}:{port}/ocpp/CP1", ssl=context, subprotocols=["ocpp1.6"], additional_headers=authorization, compression=None) as peer:
            for text in texts():
                peer.send(text)
                assert peer.recv(5) == text
            return peer.socket.version()

    for cert, kind in ((server_cert, "ECDSA"), (rsa_cert, "RSA")):
        with serving(cert) as server:
            attempt(f"TLS 1.2, {kind}: websockets client", lambda: package_client(server.port, ssl.TLSVersion.TLSv1_2) == "TLSv1.2")
            attempt(f"TLS 1.3, {kind}: websockets client", lambda: package_client(server.port, ssl.TLSVersion.TLSv1_3) == "TLSv1.3")
    with serving(server_cert) as server:

        def versions():
            for version in ("1.2", "1.3"):
                with client(server.port, "--tls", version) as ours:
                    assert f"TLSv{version}" in ours.wait("opened ocpp1.6")
            with client(server.port, host="localhost") as ours:
                ours.wait("opened ocpp1.6")

        attempt("TLS: our client and our server, 1.2 and 1.3, address and name", versions)

        def tls11():
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
            context.set_ciphers("ALL:@SECLEVEL=0")
            try:
                with socket.create_connection(("127.0.0.1", server.port)) as sock:
                    context.wrap_socket(sock)
                return "TLS 1.1 was accepted"
            except (ssl.SSLError, ConnectionError):
                return None

        attempt("TLS 1.1 is refused", tls11)

        def suites():
            for suite in ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384"):
                context = ssl.create_default_context(cafile=authority.cert)
                context.maximum_version = ssl.TLSVersion.TLSv1_2
                context.set_ciphers(suite)
                with socket.create_connection(("127.0.0.1", server.port)) as sock, context.wrap_socket(sock, server_hostname="localhost") as wrapped:
                    assert wrapped.cipher()[0] == suite
            context.set_ciphers("ECDHE-ECDSA-CHACHA20-POLY1305")
            try:
                with socket.create_connection(("127.0.0.1", server.port)) as sock:
                    context.wrap_socket(sock, server_hostname="localhost")
                return "a suite that is not in the list was accepted"
            except ssl.SSLError:
                return None

        attempt("TLS 1.2: the suites of the whitepaper and no other", suites)

        def plain_to_tls():
            with Program("ws-echo-client", f"ws://127.0.0.1:{server.port}/ocpp", "CP1") as ours:
                ours.wait("closed 1006")


        attempt("TLS: ws:// to a wss:// port", plain_to_tls)

        def wrong_key():
            with Program("ws-echo-client", f"wss://127.0.0.1:{server.port}/ocpp", "CP1", "--profile", "2", "--hex-key", "00", "--ca", authority.cert) as ours:
                ours.wait("closed 1006 401")

        attempt("profile 2: wrong key", wrong_key)

        def stranger_ca():
            with client(server.port, ca=stranger.cert) as ours:
                assert "not among the trusted ones" in ours.wait("closed 1015")

        attempt("TLS: unknown CA", stranger_ca)

        def silence():
            with socket.create_connection(("127.0.0.1", server.port)) as sock:
                sock.settimeout(5)
                sock.sendall(b"\x16\x03\x01\xff\xff" + os.urandom(300))
                sock.recv(100)
            with client(server.port) as ours:
                ours.wait("opened")

        attempt("TLS: rubbish leaves the server well", silence)
    for name, cert, says in [("out of date", old_cert, "is out of date since 2020-02-01"), ("wrong host", other_cert, "is for csms.example.org, not for 127.0.0.1"), ("another CA", foreign_cert, "not among the trusted ones")]:

        def wrong(cert=cert, says=says):
            with serving(cert) as server, client(server.port) as ours:
                assert says in ours.wait("closed 1015"), ours.lines

        attempt(f"TLS: certificate of the server, {name}", wrong)

    with serving(server_cert, "3") as server:
        own = lambda cert: ("--cert", cert[0], "--key", cert[1])  # noqa: E731

        def mutual():
            for version in ("1.2", "1.3"):
                with client(server.port, *own(charger_cert), "--tls", version, profile="3") as ours:
                    ours.wait("opened ocpp1.6")
            assert "SERIAL1" in server.wait("opened")
            package_client(server.port, cert=charger_cert)

        attempt("profile 3: certificates of both ends, CN known", mutual)
        for name, options, says in [("none", (), "wants a certificate of ours"), ("another CA", own(foreign_charger), "does not know the CA of our certificate"), ("out of date", own(old_charger), "our certificate is out of date")]:

            def shown(options=options, says=says):
                with client(server.port, *options, profile="3") as ours:
                    line = ours.wait("closed")
                    assert says in line, line

            attempt(f"profile 3: certificate of the client, {name}", shown)
    with Server() as server:

        def tls_to_plain():
            with client(server.port) as ours:
                assert "wss:// should be ws://" in ours.wait("closed 1015")

        attempt("TLS: wss:// to a ws:// port", tls_to_plain)

    def package_server():
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*server_cert)
        context.load_verify_locations(authority.cert)
        context.verify_mode = ssl.CERT_REQUIRED

        def handler(peer):
            for text in texts():
                peer.send(text)
                assert peer.recv(5) == text

        with serve(handler, "127.0.0.1", 0, ssl=context, subprotocols=["ocpp1.6"]) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            port = server.socket.getsockname()[1]
            with client(port, "--cert", charger_cert[0], "--key", charger_cert[1], profile="3") as ours:
                assert "closed 1000 0 peer" in ours.wait("closed", 20)
            server.shutdown()

    attempt("profile 3: our client, websockets server", package_server)
