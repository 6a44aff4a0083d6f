#!/usr/bin/env python3
"""Read the vectors in fixtures/vectors, check their structure, and compute some outcomes again.

Usage: python3 docs/vectors.py [FOLDER]

It computes what needs few rules: offsets of fields that are not bitfields, sizes of types and values of
enumerators, where the target has one candidate and no modules.
"""

import json
import re
import struct
import sys
from pathlib import Path

INT, PTR, ARRAY, STRUCT, UNION, ENUM, FWD, TYPEDEF, VOLATILE, CONST = range(1, 11)
RESTRICT, FUNC, FUNC_PROTO, VAR, DATASEC, FLOAT, DECL_TAG, TYPE_TAG, ENUM64 = range(11, 20)
TRANSPARENT = {TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG}
# The words that follow a type of a kind, and those for each of its entries.
ALONE = {INT: 1, ARRAY: 3, VAR: 1, DECL_TAG: 1}
EACH = {STRUCT: 3, UNION: 3, ENUM: 2, FUNC_PROTO: 2, DATASEC: 3, ENUM64: 3}
MEMBERS = set("name rule about judge local target modules code relocations".split())
STEP = set("insn_off type_id access_str_off access kind kind_name outcome value code".split())


class Btf:
    """The types of a BTF: self.types[id] is (kind, name, kind_flag, size or type, what follows)."""

    def __init__(self, data, base=None):
        self.order = "<" if data[:2] == b"\x9f\xeb" else ">"
        magic, _, _, header, type_off, type_len, str_off, str_len = struct.unpack_from(self.order + "HBBI4I", data)
        assert magic == 0xEB9F, "not BTF"
        self.strings = (base.strings if base else b"") + data[header + str_off :][:str_len]
        self.types = list(base.types) if base else [(0, "", 0, 0, [])]
        pos, end = header + type_off, header + type_off + type_len
        while pos < end:
            name, info, size = struct.unpack_from(self.order + "3I", data, pos)
            kind, count = info >> 24 & 0x7F, info & 0xFFFFFF
            words, each = ALONE.get(kind, 0) + count * EACH.get(kind, 0), EACH.get(kind, 3)
            rest = struct.unpack_from(f"{self.order}{words}I", data, pos + 12)
            entries = [rest[i : i + each] for i in range(0, words, each)]
            self.types.append((kind, self.string(name), info >> 31, size, entries))
            pos += 12 + 4 * words
        assert pos == end, "a type runs past the types"

    def string(self, offset):
        return self.strings[offset : self.strings.index(b"\0", offset)].decode()

    def skip(self, type_id):
        while self.types[type_id][0] in TRANSPARENT:
            type_id = self.types[type_id][3]
        return self.types[type_id]

    def size(self, type_id):
        kind, _, _, size, entries = self.skip(type_id)
        if kind == ARRAY:
            element, _, length = entries[0]
            return self.size(element) * length
        longs = (ty[3] for ty in self.types if ty[0] == INT and ty[1] in ("long", "unsigned long"))
        return next(longs, 8) if kind == PTR else size

    def members(self, type_id):
        """Name, type and bit offset of each member; None for the offset of a bitfield."""
        kind, _, flag, _, entries = self.skip(type_id)
        for name, member, offset in entries if kind in (STRUCT, UNION) else []:
            yield self.string(name), member, None if flag and offset >> 24 else offset

    def find(self, type_id, name):
        """Type and bit offset of the member of a name, also in anonymous members."""
        for found, member, offset in self.members(type_id):
            if found == name:
                return member, offset
            if not found and (inner := self.find(member, name)):
                return inner[0], None if inner[1] is None else offset + inner[1]
        return None


def essential(name):
    return re.sub(r"^(.*[^_])___[^_].*$", r"\1", name)


def field_offset(local, root, target, candidate, access):
    """The offset of a field in the target, in bytes; None for a bitfield."""
    bits = 8 * access[0] * target.size(candidate)
    for index in access[1:]:
        if local.skip(root)[0] == ARRAY:
            root, candidate = local.skip(root)[4][0][0], target.skip(candidate)[4][0][0]
            bits += 8 * index * target.size(candidate)
            continue
        name, root, _ = list(local.members(root))[index]
        if name:
            candidate, offset = target.find(candidate, name)
            bits = None if offset is None or bits is None else bits + offset
    return bits // 8 if bits is not None else None


def enumerator_value(local, root, target, candidate, index, code):
    kind, _, flag, _, entries = local.skip(root)
    name = essential(local.string(entries[index][0]))
    # An ENUM64 states its sign, an ENUM only with the flag. A 64-bit immediate shows it in its upper half.
    large = entries[index][1] >> 31 and code[0] == 0x18 and code[12:16] == bytes(4)
    _, _, signed, _, entries = target.skip(candidate)
    _, low, *high = next(entry for entry in entries if essential(target.string(entry[0])) == name)
    signed = low >> 31 and (signed or flag or not (kind == ENUM64 or large))
    return low | (high[0] if high else 0xFFFFFFFF if signed else 0) << 32


def compute(local, target, step, code):
    """The value of a relocation, or None if it takes more rules than these."""
    root, access = step["type_id"], [int(number) for number in step["access"].split(":")]
    key = lambda ty: (ENUM if ty[0] == ENUM64 else ty[0], essential(ty[1]))
    candidates = [i for i, ty in enumerate(target.types) if key(ty) == key(local.types[root])]
    if len(candidates) != 1:
        return None
    if step["kind_name"] == "field_byte_offset":
        return field_offset(local, root, target, candidates[0], access)
    if step["kind_name"] == "enumval_value":
        return enumerator_value(local, root, target, candidates[0], access[0], code[step["insn_off"]:])
    # A typedef would have to be compared first.
    is_size = step["kind_name"] == "type_size" and key(local.types[root])[0] in (INT, STRUCT, UNION, ENUM)
    return target.size(candidates[0]) if is_size else None


def main(folder):
    files = sorted(Path(folder).glob("*.json"))
    vectors = computed = 0
    for path in files:
        content = json.loads(path.read_text())
        assert content["format"] == 1 and content["about"], path
        data = {name: bytes.fromhex(text) for name, text in content["btf"].items()}
        for vector in content["vectors"]:
            assert set(vector) == MEMBERS, vector
            local, target = Btf(data[vector["local"]]), Btf(data[vector["target"]])
            modules = [Btf(data[name], target) for name in vector["modules"]]
            code = bytes.fromhex(vector["code"])
            for step in vector["relocations"]:
                assert set(step) == STEP, step
                assert local.string(step["access_str_off"]) == step["access"], step
                after = bytes.fromhex(step["code"])
                assert len(after) == len(code) and (step["outcome"] != "error" or after == code), step
                assert (step["outcome"] == "relocated") == (step["value"] is not None), step
                value = compute(local, target, step, code) if step["value"] and not modules else None
                assert value is None or value == int(step["value"]), (vector, value)
                code, computed = after, computed + (value is not None)
            vectors += 1
    print(f"{vectors} vectors in {len(files)} files are well-formed; {computed} outcomes computed again")


if __name__ == "__main__":
    main(*sys.argv[1:2] or [Path(__file__).parent.parent / "fixtures" / "vectors"])
