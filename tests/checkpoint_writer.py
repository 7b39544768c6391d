"""Writing the index of a TensorFlow checkpoint by hand, with its checksums right and anything else wrong."""

from cman_tf.runs.checkpoint_index import _MAGIC, _read_block, _read_handle

_TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    _TABLE.append(byte)


def _checksum(data):
    """CRC-32C, masked as LevelDB does it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 255] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8 & 0xFFFFFFFF).to_bytes(4, "little")


def varint(number):
    number &= (1 << 64) - 1
    written = bytearray()
    while number >= 0x80:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(written + bytes([number]))


def read_entries(index):
    """Return the values of an index by key; the empty key is the header."""
    content = index.read_bytes()
    _, place = _read_handle(content, len(content) - 48)
    blocks = [_read_handle(handle, 0)[0] for _, handle in _read_block(content, *_read_handle(content, place)[0])]
    return dict(pair for block in blocks for pair in _read_block(content, *block))


def write_entries(index, entries):
    """Write an index with these values by key, which TensorFlow reads."""
    content = b""

    def add(pairs):
        nonlocal content
        body, restarts = b"", []
        for key, value in pairs:
            restarts.append(len(body))
            body += varint(0) + varint(len(key)) + varint(len(value)) + key + value
        restarts = restarts or [0]
        body += b"".join(place.to_bytes(4, "little") for place in (*restarts, len(restarts)))
        handle = varint(len(content)) + varint(len(body))
        content += body + b"\0" + _checksum(body + b"\0")
        return handle

    block = add(sorted(entries.items()))
    other, top = add([]), add([(max(entries) + b"\xff", block)])
    index.write_bytes(content + (other + top).ljust(40, b"\0") + _MAGIC)


def entry(dtype=1, shape=(), shard=0, offset=0, size=0, slices=b""):
    """The value of a tensor's key."""
    dims = b"".join(b"\x12" + varint(len(d)) + d for d in (b"\x08" + varint(n) for n in shape))
    written = b"\x08" + varint(dtype) + b"\x12" + varint(len(dims)) + dims
    for field, number in ((3, shard), (4, offset), (5, size)):
        written += varint(field << 3) + varint(number)
    return written + slices
