"""
Another receipt server, written from PROTOCOL.md alone: the core level, in memory, on Python's standard library. It exists to be tested by
the conformance kit. `server.py` prints its port. Tokens come from `POST /dev/token`, as the kit's contract for hosts says.
"""

import asyncio
import json
import secrets
import time

import faults
from carrier import Closed, WebSocket, answer, read_request
from chats import Store, rejected
from faults import fault
from shapes import BadFrame, check_frame, is_entry, is_id, parse

LIMITS = {"entries": 100, "frameBytes": 65536, "fetchMessages": 2000, "receiptIds": 100, "members": 100, "heartbeatMs": 25000}
POLICY = {"groups": False, "mayRequest": "members", "windowMs": 259200000, "maxMembers": 200, "visibleTo": "sender"}
MAX_FRAME = 200_000
RUN = secrets.token_hex(4)
STATUS = {"auth/expired": 401, "auth/forbidden": 401, "auth/wrong-user": 403}

store = Store()
tokens = {}
sessions = set()


def cursor_of(version):
    return f"{RUN}.{version}"


def version_of(cursor):
    """The version of a cursor of this history; None for any other text."""
    run, _, number = cursor.partition(".")
    known = run == RUN and number.isascii() and number.isdigit() and str(int(number)) == number and int(number) <= store.version
    return int(number) if known else 0 if fault("takes-any-cursor") else None


class Refused(Exception):
    """The connection ends: an error frame, and a close code."""

    def __init__(self, code, close):
        super().__init__(code)
        self.code, self.close = code, close


class Session:
    """One connection, or one request: `send` takes the frames."""

    def __init__(self, send, is_live):
        self.send, self.is_live = send, is_live
        self.user = self.device = None
        self.expires_at = None
        self.at = None  # the version that the live feed has reached
        self.bad = 0

    def error(self, code, text="", request_id=None):
        self.send({"type": "error", "code": code, "message": text or code, **({} if request_id is None else {"id": request_id})})

    def take(self, text):
        try:
            frame = check_frame(parse(text))
        except BadFrame as bad:
            if self.user is None:
                raise Refused("protocol/bad-frame", 4401) from None
            self.bad += 1
            if self.bad > 20 and not fault("patient"):
                raise Refused("protocol/bad-frame", 1008) from None
            return self.error("protocol/bad-frame", str(bad), bad.request_id)
        self.answer(frame)

    def answer(self, frame):
        kind = frame["type"]
        if self.user is None and kind != "hello":
            raise Refused("auth/forbidden", 4401)
        handler = {"hello": self.hello, "auth": self.auth, "ping": self.ping, "pull": self.pull, "submit": self.submit, "fetch": self.fetch, "fetch-receipts": self.fetch_receipts}
        handler[kind](frame)

    def hello(self, frame):
        if self.user is not None:
            return self.error("protocol/bad-frame", "hello comes once")
        if frame["version"] != 1:
            raise Refused("protocol/version-unsupported", 4500)
        self.admit(frame["token"], frame["userId"])
        self.user, self.device = frame["userId"], frame["deviceId"]
        self.welcome()

    def auth(self, frame):
        self.admit(frame["token"], self.user)
        self.welcome()

    def admit(self, token, user):
        owner, expires_at = tokens.get(token, (None, 0))
        if owner is None:
            raise Refused("auth/forbidden", 4401)
        if expires_at <= time.time():
            raise Refused("auth/expired", 4401)
        if owner != user and not fault("believes-user-id"):
            raise Refused("auth/wrong-user", 4501)
        self.expires_at = expires_at

    def welcome(self):
        expires_in = int((self.expires_at - time.time()) * 1000)
        self.send({"type": "welcome", "version": 1, "userId": self.user, "expiresInMs": max(0, expires_in), "limits": LIMITS, "receipts": POLICY})

    def ping(self, frame):
        if self.at is not None and not fault("never-live"):
            self.send_news()
        caught_up = {} if self.at is None else {"caughtUp": {"cursor": cursor_of(self.at), "asOf": int(time.time() * 1000)}}
        self.send({"type": "pong", **caught_up})

    def pull(self, frame):
        cursor = frame["cursor"]
        after = None if cursor is None else version_of(cursor)
        if cursor is not None and after is None:
            return self.error("protocol/cursor-unknown")
        if frame.get("confirmedAt") and version_of(frame["confirmedAt"]) is None:
            return self.error("protocol/cursor-unknown")
        self.send_changes(cursor, after)

    def send_news(self):
        """The live feed: whatever is above the version that this connection has reached."""
        if self.at < store.version:
            self.send_changes(cursor_of(self.at), self.at, is_news=True)

    def send_changes(self, cursor, after, is_news=False):
        head = store.version
        items = store.changes(self.user, after)
        self.at = head
        if is_news and not items:
            # Nothing for this user: the cursor of the connection stays where the client knows it.
            self.at = after
            return
        frames = [[]]
        size = 0
        for i, item in enumerate(items):
            size += len(json.dumps(item[2]))
            if size > MAX_FRAME and i > 0 and items[i - 1][0] < item[0] and not fault("one-long-frame"):
                frames.append([])
                size = len(json.dumps(item[2]))
            frames[-1].append(item)
        start = cursor
        for i, part in enumerate(frames):
            is_last = i == len(frames) - 1
            end = cursor_of(head if is_last else part[-1][0])
            messages = {}
            for _, kind, item in part:
                if kind == "message":
                    messages.setdefault(item[0], []).append(item[1])
            self.send(
                {
                    "type": "changes",
                    "from": cursor if fault("frames-overlap") else start,
                    "to": end,
                    "rows": [item for _, kind, item in part if kind == "row"],
                    "messages": [{"conversationId": name, "messages": of} for name, of in messages.items()],
                    "steps": [item for _, kind, item in part if kind == "step"],
                    "complete": is_last,
                    **({"asOf": int(time.time() * 1000)} if is_last else {}),
                }
            )
            start = end

    def submit(self, frame):
        confirmed_at = frame.get("confirmedAt")
        if confirmed_at and version_of(confirmed_at) is None:
            return self.error("protocol/cursor-unknown", request_id=frame["id"])
        touched, results = set(), []
        for entry in frame["entries"]:
            fits = is_entry(entry)
            result = store.apply(self.user, self.device, entry, touched) if fits else rejected("rejected/unsupported")
            if not fits and fault("one-bad-spoils-all"):
                results = [{**rejected("rejected/unsupported"), "key": one["key"]} for one in frame["entries"]]
                break
            results.append({**result, "key": entry["key"]})
        # The rows are those after the whole frame.
        for result in results:
            if result["outcome"] == "confirmed":
                result["row"] = store.row(self.user, result.pop("chat"))
        if fault("answers-backwards"):
            results.reverse()
        is_any = any(result["outcome"] == "confirmed" for result in results)
        self.send({"type": "answer", "id": frame["id"], "results": results, **({"at": cursor_of(store.version)} if is_any else {})})
        for other in list(sessions):
            if other.at is not None and other.user in touched and not fault("never-live"):
                other.send_news()

    def fetch(self, frame):
        found, left = [], LIMITS["fetchMessages"]
        for want in frame["wants"]:
            chat = store.chat(self.user, want["conversationId"]) if want["conversationId"].startswith("direct:") else None
            if chat is None and fault("tells-strangers"):
                chat = store.by_id.get(want.get("messageId"), (None,))[0]
            if chat is None:
                continue
            wanted = [one for one in chat.messages if any(start <= one["seq"] <= end for start, end in want["seqs"])]
            wanted = wanted[::-1][: min(want["limit"], left)] if not fault("oldest-first") else wanted[: want["limit"]]
            if "messageId" in want:
                wanted += [one for one in chat.messages if one["id"] == want["messageId"] and one not in wanted]
            left -= len(wanted)
            found += [(want["conversationId"], store.fetched(self.user, chat, one)) for one in wanted]
        # Frames of at most 256 KiB, the last one complete.
        part, size = [], 0
        for name, message in found:
            length = len(json.dumps(message, ensure_ascii=False).encode())
            if size + length > MAX_FRAME:
                self.send({"type": "messages", "id": frame["id"], "of": part, "complete": False})
                part, size = [], 0
            size += length
            if part and part[-1]["conversationId"] == name:
                part[-1]["messages"].append(message)
            else:
                part.append({"conversationId": name, "messages": [message]})
        self.send({"type": "messages", "id": frame["id"], "of": part, "complete": True})

    def fetch_receipts(self, frame):
        receipts = []
        for one in frame["messageIds"]:
            receipt = {"messageId": one, "readCount": 0, "memberCount": 0, "expired": False}
            chat, message, sender, _ = store.by_id.get(one, (None,) * 4)
            if sender == self.user or (chat and fault("tells-receipts")):
                receipt["location"] = {"conversationId": chat.name(sender), "seq": message["seq"]}
                receipt["times"] = store.times(chat, sender, message["seq"])
            receipts.append(receipt)
        self.send({"type": "receipts", "id": frame["id"], "receipts": receipts})


async def serve_socket(request, reader, writer):
    socket = WebSocket.accept(request, reader, writer)
    if not request.may_connect and not fault("any-origin"):
        socket.send({"type": "error", "code": "auth/origin-refused", "message": f"origin {request.headers['origin']} at host {request.headers['host']}"})
        return socket.close(4403)
    session = Session(socket.send, True)
    sessions.add(session)
    hello_by = time.time() + 10
    try:
        while socket.is_open:
            deadline = hello_by if session.user is None else session.expires_at
            silent_by = time.time() + 4 * LIMITS["heartbeatMs"] / 1000
            try:
                is_text, data = await asyncio.wait_for(socket.message(), min(deadline, silent_by) - time.time())
            except asyncio.TimeoutError:
                if session.user is None:
                    return socket.close(4408)
                if time.time() < session.expires_at:
                    return socket.close(4410)
                raise Refused("auth/expired", 4401) from None
            session.take(data.decode("utf-8", "replace") if is_text or fault("takes-binary") else "not text")
            await writer.drain()
    except Refused as end:
        session.error(end.code)
        socket.close(end.close)
    except (Closed, ConnectionError):
        pass
    finally:
        sessions.discard(session)


async def answer_frames(frames, writer, cors):
    answers = []
    session = Session(answers.append, False)
    status = 200
    try:
        for frame in frames:
            if frame["type"] == "pull" and frame.get("waitMs") and frame["cursor"] and version_of(frame["cursor"]) is not None:
                until = time.time() + frame["waitMs"] / 1000
                while time.time() < until and not store.changes(session.user, version_of(frame["cursor"])):
                    await asyncio.sleep(0.01)
            session.answer(frame)
    except Refused as end:
        session.error(end.code)
        status = STATUS.get(end.code, 400)
    answer(writer, status, answers, cors)


async def serve_request(request, writer):
    origin = request.headers.get("origin", "*")
    cors = (f"Access-Control-Allow-Origin: {origin}", "Access-Control-Allow-Methods: POST, OPTIONS", "Access-Control-Allow-Headers: Content-Type")
    refuse = lambda status, code, text="": answer(writer, status, [{"type": "error", "code": code, "message": text or code}], cors)
    if request.method == "OPTIONS":
        return answer(writer, 204, headers=cors)
    if request.method != "POST":
        return refuse(405, "protocol/bad-frame", "POST only")
    if not request.may_connect and not fault("any-origin"):
        return refuse(403, "auth/origin-refused")
    if request.body is None:
        return refuse(413, "protocol/bad-frame", "over 64 KiB")
    try:
        frames = parse(request.body.decode("utf-8", "replace"))
        if not isinstance(frames, list) or not 1 <= len(frames) <= 256:
            raise BadFrame("an array of 1 to 256 frames")
        for frame in frames:
            check_frame(frame)
        if frames[0]["type"] != "hello":
            raise BadFrame("hello comes first")
    except BadFrame as bad:
        return refuse(400, "protocol/bad-frame", str(bad))
    await answer_frames(frames, writer, cors)


def give_token(request, writer):
    asked = json.loads(request.body)
    if not is_id(asked.get("userId")):
        return answer(writer, 400, {"message": "userId must be an id"})
    token = secrets.token_urlsafe(16)
    tokens[token] = (asked["userId"], time.time() + asked.get("expiresInMs", 3_600_000) / 1000)
    answer(writer, 200, {"token": token})


async def serve(reader, writer):
    try:
        while request := await read_request(reader):
            path, _, query = request.path.partition("?")
            if path == "/dev/token":
                give_token(request, writer)
            elif path == "/dev/fault":
                faults.current = json.loads(request.body)["fault"]
                answer(writer, 200, {})
            elif path != "/receipts":
                answer(writer, 404)
            elif "?" in request.path and not fault("takes-queries"):
                answer(writer, 400, [{"type": "error", "code": "protocol/bad-frame", "message": "no query: URLs are logged"}])
            elif request.headers.get("upgrade", "").lower() == "websocket":
                return await serve_socket(request, reader, writer)
            else:
                await serve_request(request, writer)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=2**20)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


asyncio.run(main())
