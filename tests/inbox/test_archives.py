"""Archives: members within limits, broken ones named, names that never become paths."""

from __future__ import annotations

import gzip
import io
import os
import random
import struct
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.inbox import archives
from municipal_indicators.inbox.archives import check_office_size, unpacked


def zipped(members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def spoilt(archive: bytes, content: bytes) -> bytes:
    """The archive with one stored byte of this content turned."""
    place = archive.index(content)
    return archive[:place] + bytes([archive[place] ^ 1]) + archive[place + 1 :]


def encrypted(archive: bytes) -> bytes:
    """The archive of one member with the flag of encryption, in its header and in the directory."""
    content = bytearray(archive)
    for header, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(header) + flags] |= 1
    return bytes(content)


def opened(path: Path) -> tuple[dict[str, bytes], dict[str, str]]:
    with unpacked(path) as content:
        return {one.name: one.path.read_bytes() for one in content.members}, dict(content.broken)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file"


def test_a_plain_file_is_its_own_member(file: Path) -> None:
    file.write_bytes(b"a;b")
    assert opened(file) == ({"": b"a;b"}, {})


def test_zip_and_gzip_are_opened_one_in_the_other(file: Path) -> None:
    file.write_bytes(
        zipped({"a.csv.gz": gzip.compress(b"one"), "more.zip": zipped({"b.csv": b"two"})})
    )
    assert opened(file) == ({"a.csv": b"one", "more.zip/b.csv": b"two"}, {})


def test_a_workbook_is_not_taken_for_an_archive(file: Path) -> None:
    file.write_bytes(zipped({"[Content_Types].xml": b"<Types/>"}))
    assert opened(file) == ({"": file.read_bytes()}, {})


def test_what_systems_leave_in_archives_is_passed_over(file: Path) -> None:
    file.write_bytes(
        zipped(
            {"a.csv": b"1", "__MACOSX/a.csv": b"2", "~$a.xlsx": b"3", ".DS_Store": b"4", "d/": b""}
        )
    )
    assert opened(file) == ({"a.csv": b"1"}, {})


def test_a_broken_member_is_named_and_the_others_are_read(file: Path) -> None:
    content = zipped({"good.csv": b"good", "bad.csv": b"spoilt"}, method=zipfile.ZIP_STORED)
    file.write_bytes(spoilt(content, b"spoilt"))
    members, broken = opened(file)
    assert members == {"good.csv": b"good"}
    assert broken == {"bad.csv": "the member cannot be unpacked (BadZipFile)"}


def test_an_empty_member_is_named(file: Path) -> None:
    file.write_bytes(zipped({"good.csv": b"good", "none.csv": b""}))
    assert opened(file) == ({"good.csv": b"good"}, {"none.csv": "the member is empty"})


@pytest.mark.parametrize(
    "content",
    [
        spoilt(zipped({"a.csv": b"spoilt"}, method=zipfile.ZIP_STORED), b"spoilt"),
        zipped({}),
        gzip.compress(b"journal" * 100)[:-9],
        b"\x1f\x8b\x08garbage",
    ],
    ids=["only a broken member", "no member", "gzip cut off", "no gzip"],
)
def test_an_archive_without_a_readable_member_is_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(FileRejectedError, match="no readable member") as caught, unpacked(file):
        pass
    assert "Упакуйте файлы заново" in caught.value.for_sender


@pytest.mark.parametrize(
    ("content", "reason", "for_sender"),
    [
        (zipped({"a.csv": b"1;2" * 99})[:-40], "the zip is cut off", "Архив оборван"),
        (encrypted(zipped({"a.csv": b"1;2"})), "a.csv: the member is encrypted", "без пароля"),
        (
            zipped({"b.zip": zipped({"c.zip": zipped({"a.csv": b"1"})})}),
            "b.zip/c.zip: an archive in an archive in an archive",
            "в один архив",
        ),
        (
            zipped({"b.zip": zipped({"a.csv.gz": gzip.compress(b"1")})}),
            "b.zip/a.csv.gz: an archive in an archive in an archive",
            "в один архив",
        ),
        (zipped({"b.zip": zipped({"a.csv": b"1"})[:-9]}), "b.zip: the zip is cut off", "оборван"),
        (zipped({"a.csv": b""}), "a.csv: the member is empty", "Файл в архиве пуст"),
    ],
    ids=["cut off", "encrypted", "three deep", "gzip in two", "cut off within", "empty"],
)
def test_an_archive_is_refused_in_words_about_archives(
    file: Path, content: bytes, reason: str, for_sender: str
) -> None:
    file.write_bytes(content)
    with pytest.raises(FileRejectedError) as caught, unpacked(file):
        pass
    assert reason in caught.value.reason
    assert "рхив" in caught.value.for_sender
    assert for_sender in caught.value.for_sender


def test_an_encrypted_member_is_named_and_the_others_are_read(file: Path) -> None:
    first = encrypted(zipped({"locked.csv": b"12"}))
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("open.csv", b"34")
        archive.writestr("inner.zip", first)
    members, broken = opened(file)
    assert members == {"open.csv": b"34"}
    assert broken == {"inner.zip/locked.csv": "the member is encrypted"}


def test_half_a_workbook_is_left_to_be_told_of_as_a_workbook(file: Path) -> None:
    content = zipped({"[Content_Types].xml": b"<Types/>"})[:-20]
    file.write_bytes(content)
    assert opened(file) == ({"": content}, {})


def test_a_directory_of_a_zip_that_lies_is_refused(file: Path) -> None:
    content = bytearray(zipped({"a.csv": b"1"}))
    place = content.index(b"PK\x01\x02")
    content[place + 46 : place + 51] = b"\xff\xff\xff\xff\xff"
    content[place : place + 4] = b"XX\x01\x02"
    file.write_bytes(bytes(content))
    with pytest.raises(FileRejectedError), unpacked(file):
        pass


@pytest.mark.parametrize(
    "wrap", [lambda packed: packed, lambda packed: zipped({"inner.zip": packed})]
)
def test_a_bomb_is_refused_before_it_is_unpacked(
    file: Path, wrap: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "UNPACKED_LIMIT", 50 << 20)
    bomb = zipped({f"{number}.csv": bytes(20 << 20) for number in range(5)})
    file.write_bytes(wrap(bomb))  # type: ignore[operator]
    before = free_space(file)
    with pytest.raises(FileRejectedError, match="100:1"), unpacked(file):
        pass
    assert free_space(file) > before - (20 << 20)


def test_a_gzip_bomb_is_refused(file: Path) -> None:
    file.write_bytes(gzip.compress(bytes(30 << 20)))
    with pytest.raises(FileRejectedError, match="100:1"), unpacked(file):
        pass


def test_a_workbook_that_lies_about_its_size_is_refused(file: Path) -> None:
    honest = zipped(
        {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": os.urandom(64) * 20_000}
    )
    place = honest.rindex(b"PK\x01\x02")
    size = struct.pack("<I", 100)
    file.write_bytes(honest[: place + 24] + size + honest[place + 28 :])
    with pytest.raises(FileRejectedError, match="broken or encrypted"):
        check_office_size(file)


def test_a_workbook_bomb_is_refused(file: Path) -> None:
    file.write_bytes(
        zipped({"[Content_Types].xml": b"<Types/>", "xl/worksheets/sheet1.xml": bytes(30 << 20)})
    )
    with pytest.raises(FileRejectedError, match="100:1"):
        check_office_size(file)


@pytest.mark.parametrize(
    "name", ["../../evil.csv", "/etc/evil.csv", "C:\\evil.csv", "a" * 5000 + ".csv"]
)
def test_the_name_of_a_member_is_no_path(file: Path, name: str) -> None:
    file.write_bytes(zipped({name: b"1"}))
    with unpacked(file) as content:
        (member,) = content.members
        assert member.path.parent.name.startswith("unpacked-")
        assert member.path.read_bytes() == b"1"
    assert not (file.parent.parent / "evil.csv").exists()


def test_the_name_of_a_member_is_masked_in_any_encoding(file: Path) -> None:
    name = "Иванов Иван Иванович.csv"
    file.write_bytes(zipped({name: b"1"}))
    assert list(opened(file)[0]) == ["***.csv"]
    # As Russian Windows packs it: cp866, no flag of UTF-8.
    content = zipped({"x" * len(name): b"1"}).replace(b"x" * len(name), name.encode("cp866"))
    file.write_bytes(content)
    assert list(opened(file)[0]) == ["***.csv"]


def test_an_archive_of_too_many_files_is_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MEMBERS_LIMIT", 10)
    file.write_bytes(zipped({f"{number}.csv": b"1" for number in range(11)}))
    with pytest.raises(FileRejectedError, match="more than 10 files"), unpacked(file):
        pass


def test_nothing_unpacked_is_left_behind(file: Path) -> None:
    file.write_bytes(zipped({"a.csv": b"1"}))
    with unpacked(file) as content:
        folder = content.members[0].path.parent
    assert not folder.exists()


def free_space(path: Path) -> int:
    found = os.statvfs(path.parent)
    return found.f_bavail * found.f_frsize


def tarred(members: Mapping[str, bytes | tarfile.TarInfo]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in members.items():
            if isinstance(content, tarfile.TarInfo):
                content.name = name
                archive.addfile(content)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


TABLE = random.Random(1).randbytes(1_200_000)


def a_link(kind: bytes, target: str = "/etc/passwd") -> tarfile.TarInfo:
    info = tarfile.TarInfo()
    info.type, info.linkname = kind, target
    return info


def test_a_tar_is_opened_packed_or_not(file: Path) -> None:
    members = {
        "day/1.xml": b"<a/>",
        "./logs/adapter.log.1.gz": gzip.compress(b"2024 one"),
        "table.csv": TABLE,
        "more.zip": zipped({"2.xml": b"<b/>"}),
    }
    expected = {
        "day/1.xml": b"<a/>",
        "logs/adapter.log.1": b"2024 one",
        "table.csv": TABLE,
        "more.zip/2.xml": b"<b/>",
    }
    packed = tarred(members)
    for content in (packed, gzip.compress(packed, 1)):
        file.write_bytes(content)
        assert opened(file) == (expected, {})


def test_a_tar_in_a_zip_is_one_archive_in_the_other(file: Path) -> None:
    packed = tarred({"1.xml": b"<a/>", "deeper.zip": zipped({"2.xml": b"<b/>"})})
    file.write_bytes(zipped({"day.tar": packed, "day.tgz": gzip.compress(packed, 1)}))
    found, broken = opened(file)
    assert set(found) == {"day.tar/1.xml", "day.tgz/1.xml"}
    assert set(broken) == {"day.tar/deeper.zip", "day.tgz/deeper.zip"}
    assert all("an archive in an archive" in reason for reason in broken.values())


def test_what_is_no_file_in_a_tar_never_reaches_the_disk(file: Path, tmp_path: Path) -> None:
    file.write_bytes(
        tarred(
            {
                "link": a_link(tarfile.SYMTYPE),
                "hard": a_link(tarfile.LNKTYPE),
                "device": a_link(tarfile.CHRTYPE, ""),
                "/absolute.csv": b"a;b",
                "../../up.csv": b"c;d",
            }
        )
    )
    found, broken = opened(file)
    assert sorted(found.values()) == [b"a;b", b"c;d"]
    assert broken == dict.fromkeys(("link", "hard", "device"), "a link or a device, not a file")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_cut_tar_gives_what_stands_before_the_cut(file: Path) -> None:
    packed = tarred({"1.csv": b"a;b", "2.csv": b"c" * 5_000, "3.csv": b"d"})
    file.write_bytes(packed[:3_000])
    found, broken = opened(file)
    assert found == {"1.csv": b"a;b"}
    assert broken["the file"].startswith("the tar is cut off or damaged")


def test_a_tar_bomb_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "UNPACKED_LIMIT", 100_000)
    file.write_bytes(gzip.compress(tarred({f"{n}.csv": b"0" * 60_000 for n in range(3)})))
    with pytest.raises(FileRejectedError):
        opened(file)


def test_small_texts_share_a_file_and_large_ones_have_their_own(file: Path) -> None:
    members = {f"{number}.xml": f"<a>{number}</a>".encode() for number in range(50)}
    large = b"<b>" + b"x" * (1 << 20)
    file.write_bytes(zipped({**members, "large.xml": large}, method=zipfile.ZIP_STORED))
    with unpacked(file) as content:
        found = {one.name: one for one in content.members}
        assert len({one.file[0] for one in found.values() if isinstance(one.file, tuple)}) == 1
        assert isinstance(found["large.xml"].file, Path)
        assert found["7.xml"].content(4) == b"<a>7"
        assert {name: one.content(1 << 30) for name, one in found.items()} == {
            **members,
            "large.xml": large,
        }
