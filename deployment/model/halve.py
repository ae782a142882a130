#!/usr/bin/env python3
"""Writes the embedding model with its weights as f16 instead of f32: 45 MB instead of 91. Pedro reads either.

usage: halve.py FROM_DIRECTORY TO_DIRECTORY

Needs nothing but Python: it runs in a stage of the images' build. The files must be the ones that `pedro model fetch`
fetches: another model's vectors would fill the same space with something else.
"""

import argparse
import array
import hashlib
import json
import shutil
import struct
import sys
from pathlib import Path

# As in crates/pedro-admin/src/model.rs, which dev/checks/images compares.
FILES = {
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
}
NUMBERS_AT_ONCE = 1 << 18


def halved(weights: memoryview) -> bytearray:
    """Little-endian f32 -> little-endian f16, rounded to the nearest. A number too large for f16 is an error."""
    result = bytearray()
    for start in range(0, len(weights), 4 * NUMBERS_AT_ONCE):
        numbers = array.array("f", bytes(weights[start : start + 4 * NUMBERS_AT_ONCE]))
        if sys.byteorder == "big":
            numbers.byteswap()
        result += struct.pack(f"<{len(numbers)}e", *numbers)
    return result


def halve(source: bytes) -> bytes:
    """A safetensors file -> the same with every F32 tensor as F16. Layout: header's length (u64), header (JSON), data."""
    length = int.from_bytes(source[:8], "little")
    header = json.loads(source[8 : 8 + length])
    data = memoryview(source)[8 + length :]
    told = {"__metadata__": header.pop("__metadata__")} if "__metadata__" in header else {}
    body = bytearray()
    for name, tensor in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, end = tensor["data_offsets"]
        piece = data[begin:end]
        if tensor["dtype"] == "F32":
            tensor, piece = tensor | {"dtype": "F16"}, halved(piece)
        told[name] = tensor | {"data_offsets": [len(body), len(body) + len(piece)]}
        body += piece
    text = json.dumps(told, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the data begins at a multiple of 8
    return len(text).to_bytes(8, "little") + text + bytes(body)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, metavar="FROM_DIRECTORY")
    parser.add_argument("target", type=Path, metavar="TO_DIRECTORY")
    arguments = parser.parse_args()
    for name, expected in FILES.items():
        path = arguments.source / name
        if not path.is_file():
            sys.exit(f"error: {path} is missing: {arguments.source} does not hold the embedding model")
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != expected:
            sys.exit(f"error: {path} is not the file that Pedro knows (SHA-256 {found}, expected {expected})")
    arguments.target.mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "tokenizer.json"):
        shutil.copyfile(arguments.source / name, arguments.target / name)
    (arguments.target / "model.safetensors").write_bytes(halve((arguments.source / "model.safetensors").read_bytes()))


if __name__ == "__main__":
    main()
