"""The same entries, items and changes in Redis, as one would write it: a script for each operation, a stream to watch.

A script is done by the server in one go, so that an entry, the revision and the stream change together. An entry is a
hash, the items that can be claimed are a sorted set for each tag, the claims one by deadline, and the changes a stream
whose ids are the revisions; it keeps the newest 10,000, as a region does in memory.

The ``redis`` package is imported when it is needed only: nothing depends on it.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Sequence
from typing import Any

from shoal.bench.board_work import Row, pack, unpack
from shoal.bench.errors import Miscounted
from shoal.bench.workload import Parcel

_BEGIN = "local k, v, s = ARGV[1], ARGV[2], ARGV[3]"
_LOG = "redis.call('XADD', KEYS[2], 'MAXLEN', '~', 10000, r .. '-0', 'k', k, 'v', v, 's', s)"
_SET = f"""
{_BEGIN}
local now = redis.call('HGET', KEYS[3], 'r') or '0'
if ARGV[6] ~= '' and now ~= ARGV[6] then return 0 end
local r = redis.call('INCR', KEYS[1])
if now == '0' then redis.call('HSET', KEYS[3], 'c', r) end
redis.call('HINCRBY', KEYS[3], 'n', 1)
redis.call('HSET', KEYS[3], 'v', v, 'r', r, 'a', ARGV[4], 't', ARGV[5])
{_LOG}
return r
"""
_POST = f"""
{_BEGIN}
if redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
local r = redis.call('INCR', KEYS[1])
redis.call('HSET', KEYS[3], 'v', v, 'r', r, 's', s, 'a', ARGV[4], 't', ARGV[5])
redis.call('ZADD', KEYS[4], r, k)
{_LOG}
return r
"""
_CLAIM = f"""
{_BEGIN}
for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', ARGV[5], 'LIMIT', 0, 100)) do
  redis.call('ZREM', KEYS[5], key)
  redis.call('ZADD', KEYS[4], 0, key)
  redis.call('HSET', KEYS[3] .. key, 's', 'open')
end
local best = redis.call('ZPOPMIN', KEYS[4])
if #best == 0 then return false end
k = best[1]
local item = KEYS[3] .. k
local r = redis.call('INCR', KEYS[1])
redis.call('HINCRBY', item, 'n', 1)
redis.call('HSET', item, 's', s, 'r', r, 'h', ARGV[4], 't', ARGV[5])
redis.call('ZADD', KEYS[5], ARGV[6], k)
v = redis.call('HGET', item, 'v')
{_LOG}
return {{k, v, r}}
"""
_COMPLETE = f"""
{_BEGIN}
local found = redis.call('HMGET', KEYS[3], 's', 'r')
local deadline = redis.call('ZSCORE', KEYS[5], k)
if found[1] ~= 'claimed' or found[2] ~= ARGV[6] then return 0 end
if not deadline or tonumber(deadline) <= tonumber(ARGV[5]) then return 0 end
local r = redis.call('INCR', KEYS[1])
redis.call('ZREM', KEYS[5], k)
redis.call('HSET', KEYS[3], 's', s, 'result', v, 't', ARGV[5])
redis.call('INCR', KEYS[4])
{_LOG}
return r
"""
_WATCH_MS = 30_000


def redis_package() -> Any:
    """The ``redis`` package; raises ``ImportError`` where it is not installed."""
    return importlib.import_module("redis")


class RedisBoard:
    """A connection, for one thread. All keys begin with ``name``."""

    def __init__(self, url: str, name: str) -> None:
        # Without retries: their pauses of a second would be in the time to recover, and nowhere else are any.
        never = importlib.import_module("redis.retry").Retry(
            importlib.import_module("redis.backoff").NoBackoff(), 0
        )
        client = redis_package().Redis
        self._redis = client.from_url(url, single_connection_client=True, protocol=2, retry=never)
        # In braces: on a cluster all keys are on one node, as scripts need them.
        self._prefix = f"{{{name}}}:"
        scripts = (self._redis.register_script(text) for text in (_SET, _POST, _CLAIM, _COMPLETE))
        self._set, self._post, self._claim, self._complete = scripts
        self._always = [self._key("revision"), self._key("changes")]

    def get(self, key: str) -> Row | None:
        """The entry of a key."""
        packed, revision = self._redis.hmget(self._key(f"entry:{key}"), "v", "r")
        return None if packed is None else Row(key, unpack(packed), int(revision))

    def put(self, key: str, value: Parcel, author: str) -> Row:
        """Set a key."""
        return self._write(key, value, "", author)

    def compare_and_set(self, key: str, value: Parcel, expected: Row | None, author: str) -> Row:
        """Set a key that nobody changed meanwhile; raises :class:`Miscounted` where somebody did."""
        return self._write(key, value, 0 if expected is None else expected.revision, author)

    def put_all(self, keys: Sequence[str], value: Parcel) -> None:
        """Set many keys in one go."""
        packed, now = pack(value), time.time()
        self._many((self._set, [f"entry:{key}"], [key, packed, "", "", now, ""]) for key in keys)

    def post_all(self, keys: Sequence[str], value: Parcel, tag: str) -> None:
        """Post many items in one go."""
        packed, now = pack(value), time.time()
        places = [f"ready:{tag}"]
        self._many((self._post, [f"item:{key}", *places], [key, packed, "open", "", now]) for key in keys)

    def claim(self, tag: str, holder: str, lease_s: float) -> Row | None:
        """Take the best item with a tag."""
        now = time.time()
        keys = self._keys("item:", f"ready:{tag}", "held")
        found = self._claim(keys=keys, args=["", "", "claimed", holder, now, now + lease_s])
        return None if found is None else Row(found[0].decode(), unpack(found[1]), found[2])

    def complete(self, item: Row, result: Parcel, holder: str) -> None:
        """It is done; raises :class:`Miscounted` when it is not the holder's any more."""
        keys = self._keys(f"item:{item.key}", "done", "held")
        arguments = [item.key, pack(result), "done", holder, time.time(), item.revision]
        if not self._complete(keys=keys, args=arguments):
            raise Miscounted(f"the claim of {item.key!r} is over")

    def changes(self, since: int) -> list[Row]:
        """What happened from a revision on, a page of it; waits half a minute for something to happen."""
        found = self._redis.xread({self._always[1]: f"{since - 1}-0"}, count=1000, block=_WATCH_MS)
        return [_change(number, fields) for _, page in found or () for number, fields in page]

    def revision(self) -> int:
        """The newest."""
        return int(self._redis.get(self._always[0]) or 0)

    def done(self) -> int:
        """How many items are done."""
        return int(self._redis.get(self._key("done")) or 0)

    def durability(self) -> str:
        """How the server keeps what it answered, in a few words."""
        try:
            found = {**self._redis.config_get("appendonly"), **self._redis.config_get("appendfsync")}
        except redis_package().RedisError:
            return "it does not say how it keeps what it answered"
        appends, syncs = found.get("appendonly"), found.get("appendfsync")
        return f"appendonly {appends}" + (f", appendfsync {syncs}" if appends == "yes" else "")

    def clear(self) -> None:
        """Delete all that is ours."""
        for key in self._redis.scan_iter(match=f"{self._prefix}*", count=1000):
            self._redis.unlink(key)

    def close(self) -> None:
        """Close the connection."""
        self._redis.close()

    def _write(self, key: str, value: Parcel, expected: int | str, author: str) -> Row:
        arguments = [key, pack(value), "", author, time.time(), expected]
        revision = self._set(keys=self._keys(f"entry:{key}"), args=arguments)
        if not revision:
            raise Miscounted(f"{key!r} was changed by somebody else")
        return Row(key, value, revision)

    def _many(self, calls: Any) -> None:
        with self._redis.pipeline(transaction=False) as pipeline:
            for script, keys, arguments in calls:
                script(keys=self._keys(*keys), args=arguments, client=pipeline)
            pipeline.execute()

    def _key(self, name: str) -> str:
        return self._prefix + name

    def _keys(self, *names: str) -> list[str]:
        return [*self._always, *map(self._key, names)]


def _change(number: bytes, fields: dict[bytes, bytes]) -> Row:
    revision = int(number.partition(b"-")[0])
    return Row(fields[b"k"].decode(), unpack(fields[b"v"]), revision)
