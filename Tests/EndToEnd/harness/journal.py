"""Reads the ledger's journal as Docs/ledger.md describes it, without a line of the gateway's code."""

import struct

HEADER, ACCOUNT, SERIES, ATTRIBUTION, HOLD, SETTLEMENT, SWITCH, MARKS, END = range(1, 10)
HELD = 3


def _table():
    for byte in range(256):
        word = byte
        for _ in range(8):
            word = word >> 1 ^ 0x82F63B78 if word & 1 else word >> 1
        yield word


TABLE = list(_table())


def crc32c(data):
    word = 0xFFFFFFFF
    for byte in data:
        word = word >> 8 ^ TABLE[(word ^ byte) & 0xFF]
    return word ^ 0xFFFFFFFF


class Fields:
    def __init__(self, body):
        self.body = body
        self.place = 0

    def number(self):
        value = shift = 0
        while True:
            byte = self.body[self.place]
            self.place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def text(self):
        length = self.number()
        self.place += length
        return self.body[self.place - length : self.place].decode()


class Journal:
    """What whole records of a segment say, up to the first that is not whole.

    `holds` and `settlements` are {id: (user, nano-dollars)}.
    """

    def __init__(self, data):
        self.holds = {}
        self.settlements = {}
        self.length = 0
        users = {}
        while body := self._body(data):
            fields = Fields(body)
            kind = fields.number()
            if kind == ATTRIBUTION:
                number, _, user = fields.number(), fields.text(), fields.text()
                users[number] = user
            elif kind == HOLD:
                number, _, amount, who = (fields.number() for _ in range(4))
                assert number not in self.holds, f"hold {number} twice"
                self.holds[number] = (users[who], amount)
            elif kind == SETTLEMENT:
                number, _, who, _, cost = (fields.number() for _ in range(5))
                assert number in self.holds, f"{number} settles without a hold"
                assert number not in self.settlements, f"{number} settles twice"
                self.settlements[number] = (users[who], cost)

    def _body(self, data):
        start = self.length
        if start + 8 >= len(data):
            return None
        length, checksum = struct.unpack_from("<II", data, start)
        body = data[start + 8 : start + 8 + length]
        if not 0 < length == len(body):
            return None
        if crc32c(body) ^ (length * 0x9E3779B9 & 0xFFFFFFFF) != checksum:
            return None
        self.length = start + 8 + length
        return body

    @property
    def open(self):
        """Holds that nobody settled."""
        return {n: hold for n, hold in self.holds.items() if n not in self.settlements}


def dollars_by_user(entries):
    """{user: nano-dollars} of holds or settlements."""
    sums = {}
    for user, amount in entries.values():
        sums[user] = sums.get(user, 0) + amount
    return sums
