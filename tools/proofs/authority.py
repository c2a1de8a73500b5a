"""A real time-stamping authority: `openssl ts` with a certificate of its own, behind an HTTP server on this machine."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Final

__all__ = ["Authority"]

_CONFIGURATION: Final = """\
[tsa]
default_tsa = authority
[authority]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
tsa_name = yes
[ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
[signer]
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
"""


class Authority:
    """A root, a certificate between, and the authority's own; the files are in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "openssl.cnf").write_text(_CONFIGURATION)
        (folder / "serial").write_text("01\n")
        self._certificate("root", "root", "ca")
        self._certificate("between", "root", "ca")
        self._certificate("signer", "between", "signer")
        self.root = folder / "root.pem"
        self.between = folder / "between.pem"

    def _certificate(self, name: str, by: str, extensions: str) -> None:
        self._openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key")
        self._openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/O=Test/CN={name}", "-out", f"{name}.csr")
        signing = ("-signkey", "root.key") if name == by else ("-CA", f"{by}.pem", "-CAkey", f"{by}.key")
        more = () if name == by else ("-CAcreateserial",)
        extended = ("-extfile", "openssl.cnf", "-extensions", extensions, "-days", "30")
        self._openssl("x509", "-req", "-in", f"{name}.csr", *signing, *more, *extended, "-out", f"{name}.pem")

    def answer(self, query: bytes, *, chain: bool = True) -> bytes:
        """What it answers to a question; `chain` puts the certificate between into the answer."""
        (self.folder / "query.tsq").write_bytes(query)
        arguments = ["-queryfile", "query.tsq", "-signer", "signer.pem", "-inkey", "signer.key", "-out", "answer.tsr"]
        arguments += ["-chain", "between.pem"] if chain else []
        self._openssl("ts", "-reply", "-config", "openssl.cnf", *arguments)
        return (self.folder / "answer.tsr").read_bytes()

    def stamp(self, digest: str, *, chain: bool = True, certificates: bool = True, algorithm: str = "sha256") -> bytes:
        """The time stamp of a digest, as somebody has it made by hand."""
        more = ("-cert",) if certificates else ()
        self._openssl("ts", "-query", "-digest", digest, f"-{algorithm}", *more, "-out", "by-hand.tsq")
        return self.answer((self.folder / "by-hand.tsq").read_bytes(), chain=chain)

    @contextmanager
    def served(self, *, instead: bytes | None = None, status: int = 200) -> Iterator[tuple[str, list[bytes]]]:
        """Its address, and the questions that came. `instead` is what it answers whatever is asked."""
        asked: list[bytes] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(handler) -> None:  # noqa: N805 - the name is the library's; `self` is the authority
                assert handler.headers["Content-Type"] == "application/timestamp-query"
                asked.append(handler.rfile.read(int(handler.headers["Content-Length"])))
                data = self.answer(asked[-1]) if instead is None else instead
                handler.send_response(status)
                handler.send_header("Content-Type", "application/timestamp-reply")
                handler.send_header("Content-Length", str(len(data)))
                handler.end_headers()
                handler.wfile.write(data)

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_address[1]}/tsr", asked
            finally:
                server.shutdown()
                thread.join()

    def _openssl(self, *arguments: str) -> None:
        done = subprocess.run(["openssl", *arguments], cwd=self.folder, capture_output=True, check=False, timeout=30)
        assert done.returncode == 0, done.stderr.decode()
