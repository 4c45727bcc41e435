"""HTTP and WebSocket (RFC 6455) over asyncio streams, as far as the server needs them."""

import asyncio
import base64
import hashlib
import json

MAX_BYTES = 65536
MAX_FRAGMENTS = 64
REASONS = {101: "Switching Protocols", 200: "OK", 204: "No Content", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 413: "Content Too Large"}


class Request:
    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body

    @property
    def may_connect(self):
        origin = self.headers.get("origin")
        return origin is None or origin.split("//")[-1] == self.headers.get("host")


async def read_request(reader):
    """The next request of a connection; None at its end. A body over the limit is None."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    method, path, _ = head[0].split(" ")
    headers = {name.strip().lower(): value.strip() for name, value in (line.split(":", 1) for line in head[1:] if ":" in line)}
    length = int(headers.get("content-length", 0))
    body = await reader.readexactly(length) if length <= MAX_BYTES else await discard(reader, length)
    return Request(method, path, headers, body)


async def discard(reader, length):
    while length > 0:
        length -= len(await reader.read(min(length, 65536))) or length
    return None


def answer(writer, status, body=None, headers=()):
    data = b"" if body is None else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} {REASONS[status]}", *headers]
    if status != 101:
        lines.append(f"Content-Length: {len(data)}")
    if data:
        lines.append("Content-Type: application/json")
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + data)


class Closed(Exception):
    pass


class WebSocket:
    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer
        self.is_open = True

    @staticmethod
    def accept(request, reader, writer):
        key = request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
        answer(writer, 101, headers=("Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Accept: {accept}"))
        return WebSocket(reader, writer)

    def write(self, opcode, data):
        if not self.is_open:
            return
        size = len(data)
        if size < 126:
            head = bytes([0x80 | opcode, size])
        elif size < 65536:
            head = bytes([0x80 | opcode, 126]) + size.to_bytes(2, "big")
        else:
            head = bytes([0x80 | opcode, 127]) + size.to_bytes(8, "big")
        self.writer.write(head + data)

    def send(self, frame):
        # Escapes above ASCII are the same JSON text, but a character may then need more bytes than its UTF-8.
        self.write(1, json.dumps(frame, ensure_ascii=False).encode())

    def close(self, code, reason=""):
        if self.is_open:
            self.write(8, code.to_bytes(2, "big") + reason.encode())
            self.is_open = False
            self.writer.close()

    async def fragment(self):
        head = await self.reader.readexactly(2)
        size = head[1] & 0x7F
        if size > 125:
            size = int.from_bytes(await self.reader.readexactly(2 if size == 126 else 8), "big")
        if size > MAX_BYTES:
            self.close(1009)
            raise Closed
        mask = await self.reader.readexactly(4)
        data = await self.reader.readexactly(size)
        longer = (mask * (size // 4 + 1))[:size]
        plain = (int.from_bytes(data, "big") ^ int.from_bytes(longer, "big")).to_bytes(size, "big") if size else b""
        return head[0] & 0x80 != 0, head[0] & 0x0F, plain

    async def message(self):
        """The next message: (is it text, its bytes). @raises Closed"""
        parts, kind = [], None
        while True:
            try:
                is_last, opcode, data = await self.fragment()
            except (asyncio.IncompleteReadError, ConnectionError):
                raise Closed from None
            if opcode == 8:
                self.close(1000)
                raise Closed
            if opcode == 9:
                self.write(10, data)
            if opcode >= 8:
                continue
            kind = kind or opcode
            parts.append(data)
            if sum(map(len, parts)) > MAX_BYTES:
                self.close(1009)
                raise Closed
            if len(parts) > MAX_FRAGMENTS:
                self.close(1008)
                raise Closed
            if is_last:
                return kind == 1, b"".join(parts)
