"""The chats of the other server: what PROTOCOL.md says about messages, positions and receipts, in memory."""

import time

from faults import fault

NO_FLAG = {"count": 0, "value": False}
KINDS = ("delivered", "read", "named")


def now_ms():
    return int(time.time() * 1000)


def ranges_of(seqs):
    """A set of seqs as sorted, disjoint, not adjacent ranges."""
    found = []
    for seq in sorted(seqs):
        if found and found[-1][1] == seq - 1:
            found[-1][1] = seq
        else:
            found.append([seq, seq])
    return found


def seqs_of(ranges, limit):
    return {seq for start, end in ranges for seq in range(start, min(end, limit) + 1)}


class Member:
    def __init__(self):
        self.read_up_to = 0
        self.read_by = None
        self.version = 0
        self.receipts = {kind: set() for kind in KINDS}


class Chat:
    """A direct conversation of two users."""

    def __init__(self, pair):
        self.pair = pair
        self.messages = []
        self.members = {user: Member() for user in pair}
        # version, the user whose receipt it is, kind, seq, time
        self.steps = []

    def peer(self, user):
        first, second = self.pair
        return second if user == first else first

    def name(self, user):
        return f"direct:{self.peer(user)}"


class Store:
    def __init__(self):
        self.version = 0
        self.chats = {}
        self.by_id = {}

    def next_version(self):
        self.version += 1
        return self.version

    def chat(self, user, conversation_id, create=False):
        peer = conversation_id[len("direct:"):]
        pair = tuple(sorted((user, peer)))
        if create and pair not in self.chats:
            self.chats[pair] = Chat(pair)
        return self.chats.get(pair)

    # What the wire shows.

    def wire_message(self, message):
        keys = ("id", "seq", "senderId", "sentAt", "body", "receiptRequested", "countable", "recalled")
        return {key: message[key] for key in keys}

    def fetched(self, user, chat, message):
        wire = self.wire_message(message)
        if message["senderId"] == user:
            wire["times"] = self.times(chat, user, message["seq"])
        return wire

    def times(self, chat, user, seq):
        peer = chat.peer(user)
        return {kind: at for _, by, kind, number, at in chat.steps if by == peer and number == seq}

    def row(self, user, chat):
        mine, theirs = chat.members[user], chat.members[chat.peer(user)]
        last = chat.messages[-1]
        uncounted = {
            one["seq"]
            for one in chat.messages
            if one["seq"] > mine.read_up_to and (one["senderId"] == user or not one["countable"] or one["recalled"])
        }
        if fault("own-messages-count"):
            uncounted = {seq for seq in uncounted if chat.messages[seq - 1]["senderId"] != user}
        shown = self.wire_message(last)
        if len(shown["body"].encode()) > 256 and not fault("long-last-message"):
            shown["body"] = ""
        sets = {side: {kind: ranges_of(one.receipts[kind]) for kind in KINDS} for side, one in (("mine", mine), ("theirs", theirs))}
        if fault("position-is-receipt"):
            sets["theirs"]["read"] = ranges_of(theirs.receipts["read"] | set(range(1, theirs.read_up_to + 1)))
        return {
            "conversationId": chat.name(user),
            "version": mine.version,
            "latestSeq": len(chat.messages),
            "firstSeq": 1,
            "joinedAt": 0,
            "readUpTo": mine.read_up_to,
            "readBy": mine.read_by,
            "uncounted": ranges_of(uncounted),
            "cleared": [],
            "counted": None,
            "mentions": [],
            "mentionsCounted": None,
            "muted": NO_FLAG,
            "marked": {**NO_FLAG, "at": 0},
            "untold": [],
            "archived": {**NO_FLAG, "at": 0},
            "reopenedBy": 0,
            "left": NO_FLAG,
            **sets,
            "lastMessage": shown,
            "present": [],
        }

    # What entries do. Each returns the fields of its result; `touched` collects the users with news.

    def apply(self, user, device, entry, touched):
        if entry["conversationId"] == f"direct:{user}" or not entry["conversationId"].startswith("direct:"):
            is_group = entry["conversationId"].startswith("group:")
            return rejected("rejected/no-such-conversation" if is_group else "rejected/unsupported")
        kind = entry["kind"]
        if kind == "message":
            return self.send(user, entry, touched)
        chat = self.chat(user, entry["conversationId"])
        if chat is None:
            return rejected("rejected/no-such-conversation")
        if kind == "recall":
            return self.recall(user, chat, entry, touched)
        return self.receive(user, device, chat, entry, touched)

    def send(self, user, entry, touched):
        body = entry["body"]
        most = 16384 if not fault("counts-characters") else 10**9
        if len(body.encode()) > most or (fault("counts-characters") and len(body) > 16384):
            return rejected("rejected/too-large")
        content = {key: entry[key] for key in ("conversationId", "body", "receiptRequested", "countable")}
        known = self.by_id.get(entry["id"])
        if known and not fault("loses-ids"):
            chat, message, sender, sent = known
            if sender != user or (sent != content and not fault("same-id-any-content")):
                return rejected("rejected/id-conflict")
            answer = {"seq": message["seq"], "sentAt": message["sentAt"]}
            if fault("new-time-on-retry"):
                answer["sentAt"] += 1
            if message["recalled"]:
                answer["recalled"] = True
            return {"outcome": "confirmed", "chat": chat, "message": answer}
        chat = self.chat(user, entry["conversationId"], create=True)
        message = {
            "id": entry["id"].strip() if fault("trims-ids") else entry["id"],
            "seq": len(chat.messages) + 1,
            "senderId": user,
            "sentAt": now_ms(),
            "body": body,
            "receiptRequested": entry["receiptRequested"],
            "countable": entry["countable"],
            "recalled": False,
        }
        chat.messages.append(message)
        self.by_id[entry["id"]] = (chat, message, user, content)
        if fault("sender-has-read"):
            chat.members[user].read_up_to = message["seq"]
        message["version"] = self.touch(chat, chat.pair, touched)
        return {"outcome": "confirmed", "chat": chat, "message": {"seq": message["seq"], "sentAt": message["sentAt"]}}

    def recall(self, user, chat, entry, touched):
        known = self.by_id.get(entry["id"])
        if not known or known[0] is not chat:
            return rejected("rejected/unknown-message")
        message = known[1]
        if known[2] != user and not fault("anyone-recalls"):
            return rejected("rejected/permission-denied")
        if not message["recalled"]:
            message["recalled"] = True
            if not fault("recall-keeps-body"):
                message["body"] = ""
            message["version"] = self.touch(chat, chat.pair, touched)
        return {"outcome": "confirmed", "chat": chat}

    def receive(self, user, device, chat, entry, touched):
        member, limit = chat.members[user], len(chat.messages)
        if fault("not-clamped"):
            limit = 10**6
        refused, named = [], set()
        for one in entry.get("namedIds", ()):
            known = self.by_id.get(one)
            if not known or known[0] is not chat:
                refused.append({"id": one, "code": "rejected/unknown-message"})
            else:
                named.add(known[1]["seq"])
        named |= seqs_of(entry.get("named", ()), len(chat.messages))
        asks = lambda one: one["receiptRequested"] or fault("names-any-message")
        added = {
            "delivered": seqs_of(entry.get("delivered", ()), limit),
            "read": seqs_of(entry.get("read", ()), limit),
            "named": {
                seq
                for seq in named
                if chat.messages[seq - 1]["senderId"] != user and asks(chat.messages[seq - 1]) and not chat.messages[seq - 1]["recalled"]
            },
        }
        fresh = {kind: added[kind] - member.receipts[kind] for kind in KINDS}
        if fault("counts-twice"):
            fresh = added
        position = min(entry.get("position", 0), limit)
        moved = position > member.read_up_to or (fault("position-goes-back") and 0 < position)
        if moved:
            member.read_up_to = position
            member.read_by = {"deviceId": device, "at": now_ms()}
        told = any(fresh.values())
        if moved or told or fault("version-on-repeat"):
            version = self.touch(chat, chat.pair if told or fault("private-wakes-peer") else (user,), touched)
            for kind in KINDS:
                member.receipts[kind] |= fresh[kind]
                told_seqs = {seq for seq in fresh[kind] if seq > len(chat.messages) or chat.messages[seq - 1]["senderId"] != user}
                chat.steps += [(version, user, kind, seq, now_ms()) for seq in sorted(told_seqs)]
        return {"outcome": "confirmed", "chat": chat, **({"refused": refused} if refused else {})}

    def touch(self, chat, users, touched):
        version = self.next_version()
        for user in users:
            chat.members[user].version = version
            touched.add(user)
        return version

    # The feed.

    def changes(self, user, after):
        """What changed for a user above a version: (version, kind of item, item), in the order of the versions."""
        items = []
        for chat in self.chats.values():
            if user not in chat.pair:
                continue
            name = chat.name(user)
            if chat.members[user].version > (after or 0):
                items.append((chat.members[user].version, "row", self.row(user, chat)))
            if after is None:
                continue
            items += [(one["version"], "message", (name, self.fetched(user, chat, one))) for one in chat.messages if one["version"] > after]
            for version, by, kind, seq, at in chat.steps:
                if version > after and by != user:
                    step = {"conversationId": name, "by": by, "kind": kind, "range": [seq, seq], "at": at}
                    items.append((version, "step", step))
        order = {"row": 0, "message": 1, "step": 2}
        return sorted(items, key=lambda item: (item[0], order[item[1]]))


def rejected(code):
    return {"outcome": "rejected", "code": code, "message": code}
