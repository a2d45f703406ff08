"""A TLS door before a plain HTTP server: it ends TLS with its own certificate and passes every byte on."""

import asyncio
import pathlib
import ssl
import subprocess
import threading

HOST = "acme.zendesk.com"


def certificate(folder: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """Makes a certificate authority and a certificate for HOST signed by it; returns (authority, chain with key)."""

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    (folder / "names.cnf").write_text(f"subjectAltName=DNS:{HOST}\n")
    openssl("req", "-x509", *new, "-days", "2", "-subj", "/CN=test authority", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", *new, "-subj", f"/CN={HOST}", "-keyout", "door.key", "-out", "door.csr")
    openssl("x509", "-req", "-in", "door.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
            "-extfile", "names.cnf", "-out", "door.crt")
    chain = folder / "door.pem"
    chain.write_text((folder / "door.crt").read_text() + (folder / "door.key").read_text())
    return folder / "ca.pem", chain


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while block := await reader.read(65536):
            writer.write(block)
            await writer.drain()
    except (ConnectionError, ssl.SSLError):
        pass
    finally:
        writer.close()


def open_door(chain: pathlib.Path, to_port: int) -> int:
    """Serves on a free port of 127.0.0.1 in a thread that ends with the process; returns the port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    ready: list[int] = []
    opened = threading.Event()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", to_port)
        await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))

    async def serve() -> None:
        server = await asyncio.start_server(pass_on, "127.0.0.1", 0, ssl=context)
        ready.append(server.sockets[0].getsockname()[1])
        opened.set()
        await server.serve_forever()

    threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
    if not opened.wait(10):
        raise RuntimeError("the TLS door did not open")
    return ready[0]
