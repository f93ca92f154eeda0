"""Which hosts a model remembers, by the rule that nta has (its EntityStore): no dependency but Python."""

from collections import OrderedDict

SHARDS = 16
WORD = (1 << 64) - 1


class Memory:
    """Places for so many hosts at most. A host stands on probation, first in, first out, in a quarter of the room; at its
    second flow it moves to the other hosts, of which the one that was silent longest makes room (2Q, Johnson and Shasha
    1994). So a flood of hosts of one flow each forgets none that came again.

    A host is a number (nta's own hash of it, `entity_hash`), 16 hex letters that say one, or any other text."""

    def __init__(self, entities, idle_seconds, key=bytes(16)):
        room = max(entities // SHARDS, 4)
        self.rooms = (room // 4, room - room // 4)
        self.idle, self.key = int(idle_seconds * 1e6), key
        self.shards = [(OrderedDict(), OrderedDict()) for _ in range(SHARDS)]
        # Of each host: place, end of its last flow, its shard, whether it came again.
        self.hosts = {}
        self.free, self.n_places, self.evictions = [], 0, 0

    def visit(self, host, end):
        """The host has a flow that ended at `end`, microseconds. Its place, and the end of its flow before: None where its
        sequence begins, and nothing that stands at the place is its own."""
        known = self.hosts.get(host)
        if known is None:
            return self._admit(host, end), None
        place, last, shard, again = known
        probation, main = self.shards[shard]
        if again:
            main.move_to_end(host)
        else:
            del probation[host]
            main[host] = known[3] = True
            self._make_room(main, self.rooms[1])
        known[1] = end
        return place, last if end - last <= self.idle else None

    def _admit(self, host, end):
        place = self.free.pop() if self.free else self.n_places
        self.n_places = max(self.n_places, place + 1)
        shard = hash_of(host, self.key) >> 60
        self.hosts[host] = [place, end, shard, False]
        self.shards[shard][0][host] = True
        self._make_room(self.shards[shard][0], self.rooms[0])
        return place

    def _make_room(self, queue, room):
        if len(queue) > room:
            oldest, _ = queue.popitem(last=False)
            self.free.append(self.hosts.pop(oldest)[0])
            self.evictions += 1


def hash_of(host, key):
    if not isinstance(host, str):
        return int(host) & WORD
    if len(host) == 16:
        try:
            return int(host, 16)
        except ValueError:
            pass
    return entity_hash(key, host)


def entity_hash(key, *parts):
    """nta's hash of a host: `parts` are the sensor (or capture) and the host, or source and destination; `key` is the
    model's, 16 bytes."""
    data = b"".join(len(part).to_bytes(8, "little") + part for part in (part.encode() for part in parts))
    return siphash(key, data)


def siphash(key, data):
    """SipHash-1-3 (Aumasson and Bernstein 2012) of bytes under 16 bytes."""
    k0, k1 = int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little")
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]
    data += bytes(7 - len(data) % 8) + bytes([len(data) & 255])
    for at in range(0, len(data), 8):
        word = int.from_bytes(data[at:at + 8], "little")
        v[3] ^= word
        _round(v)
        v[0] ^= word
    v[2] ^= 255
    for _ in range(3):
        _round(v)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def _round(v):
    v0, v1, v2, v3 = v
    v0 = v0 + v1 & WORD
    v1 = (v1 << 13 & WORD | v1 >> 51) ^ v0
    v0 = v0 << 32 & WORD | v0 >> 32
    v2 = v2 + v3 & WORD
    v3 = (v3 << 16 & WORD | v3 >> 48) ^ v2
    v0 = v0 + v3 & WORD
    v3 = (v3 << 21 & WORD | v3 >> 43) ^ v0
    v2 = v2 + v1 & WORD
    v1 = (v1 << 17 & WORD | v1 >> 47) ^ v2
    v2 = v2 << 32 & WORD | v2 >> 32
    v[:] = v0, v1, v2, v3
