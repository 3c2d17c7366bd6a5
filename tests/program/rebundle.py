#!/usr/bin/env python3
"""Alters a .tar.gz in many ways: rebundle.py FROM FOLDER prints a line "KIND FILE MEMBER" for each.

flip: one bit of a member; drop: the member is gone; add: one too many; hostile: what no reader may unpack.
"""
import io
import os
import sys
import tarfile

source, folder = sys.argv[1:3]


def member(title, data=b"x", kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(title)
    info.size, info.type, info.linkname = len(data), kind, link
    return info, data


HOSTILE = [
    member("../escaped"),
    member("predictions/../../escaped"),
    member("/tmp/escaped-by-rigor"),
    member("predictions/link", b"", tarfile.SYMTYPE, "/etc/passwd"),
    member("predictions/link", b"", tarfile.LNKTYPE, "ledger.db"),
    member("predictions/zero", b"", tarfile.CHRTYPE),
    member("predictions/pipe", b"", tarfile.FIFOTYPE),
    member("predictions/more", b"", tarfile.DIRTYPE),
    member("ledger.db"),
    member("ledger.db/x"),
    member("predictions"),
    member("a\nb"),
]
count = 0


def write(kind, name, members):
    global count
    count += 1
    path = os.path.join(folder, f"{count}.tar.gz")
    with tarfile.open(path, "w:gz", format=tarfile.USTAR_FORMAT, compresslevel=1) as tar:
        for info, data in members:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    print(kind, f"{count}.tar.gz", name.replace("\n", "?"))


with tarfile.open(source) as tar:
    members = [(info, tar.extractfile(info).read()) for info in tar]
for i, (info, data) in enumerate(members):
    middle = len(data) // 2
    flipped = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1:]
    write("flip", info.name, members[:i] + [(info, flipped)] + members[i + 1:])
    write("drop", info.name, members[:i] + members[i + 1:])
write("add", "predictions/more.npz", members + [member("predictions/more.npz")])
for extra in HOSTILE:
    write("hostile", extra[0].name, members + [extra])
