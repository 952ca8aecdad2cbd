"""Opens .zip, .gz and .tar: members as local files, within limits that a hostile archive cannot exceed."""

from __future__ import annotations

import errno
import gzip
import lzma
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from municipal_indicators.errors import FileRejectedError
from municipal_indicators.inbox.fence import parse
from municipal_indicators.inbox.masking import mask_personal
from municipal_indicators.inbox.pool import Pool

UNPACKED_LIMIT = 1 << 30
RATIO_LIMIT = 100
MEMBERS_LIMIT = 100_000
_LONGEST_NAME = 255
_CHUNK = 1 << 20
_POOLED_BYTES = 1 << 20
_DEEPEST = 2
_ENCRYPTED = 0x1
_LOCAL_HEADER = 30
_TAR_MAGIC, _TAR_MAGIC_AT = b"ustar", 257
_TEXT = (b"<", b"{", b"[", b"\xef\xbb\xbf")
_OFFICE_PARTS = (b"[Content_Types]", b"_rels/", b"docProps/", b"xl/", b"customXml/", b"mimetype")
_FOREIGN = {
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!\x1a\x07": "RAR",
    b"\xfd7zXZ\0": "xz",
    b"BZh91AY&SY": "bzip2",
    b"MSCF\0\0\0\0": "CAB",
}
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    struct.error,
    tarfile.TarError,
)

# An OSError of a damaged archive has no number, or this one: a seek to before its beginning.
_OF_CONTENT = {None, errno.EINVAL}

Watch = Callable[[str, bytes], None]


@dataclass(frozen=True, slots=True)
class Member:
    """One file to read: the arrived file itself (``name`` empty) or a member of an archive."""

    name: str
    file: Path | tuple[Pool, int, int]

    @property
    def path(self) -> Path:
        """A local file with the content."""
        if isinstance(self.file, tuple):
            pool, place, size = self.file
            return pool.file_of(place, size)
        return self.file

    def content(self, limit: int) -> bytes:
        """The first ``limit`` bytes."""
        if isinstance(self.file, tuple):
            pool, place, size = self.file
            return pool.read(place, min(size, limit))
        with self.file.open("rb") as file:
            return file.read(limit)


@dataclass(slots=True)
class Unpacked:
    """The readable members of a file; names and reasons of the others, and hints for the sender."""

    pool: Pool
    members: list[Member] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)
    for_sender: list[str] = field(default_factory=list)

    def reject(self, name: str, reason: str, for_sender: str = "") -> None:
        """Record a member that cannot be read."""
        self.broken.append((name, reason))
        if for_sender:
            self.for_sender.append(for_sender)


@dataclass(slots=True)
class _Budget:
    packed: int
    spent: int = 0

    @property
    def is_spent(self) -> bool:
        return self.spent > UNPACKED_LIMIT or self.spent > RATIO_LIMIT * max(self.packed, 1)

    def spend(self, size: int) -> None:
        self.spent += size
        if self.is_spent:
            raise FileRejectedError(
                f"the archive unpacks beyond {UNPACKED_LIMIT >> 30} GiB or {RATIO_LIMIT}:1",
                "Архив распаковывается более чем в 1 ГиБ или более чем в 100 раз. "
                "Пришлите данные несколькими обычными файлами.",
            )


def _zip_in(path: Path) -> zipfile.ZipFile | None:
    """The file opened as a zip; None if it is no zip, or an Office document."""
    if not zipfile.is_zipfile(path):
        return None
    archive = _opened(path)
    if _is_office(archive):
        archive.close()
        return None
    return archive


def foreign_archive(head: bytes) -> str:
    """The name of an archive that is not opened, by its first bytes; empty for any other file."""
    return next((name for magic, name in _FOREIGN.items() if head.startswith(magic)), "")


def check_office_size(path: Path, watch: Watch | None = None) -> None:
    """Raise FileRejectedError for a workbook (itself a zip) that is broken or beyond the limits.

    Every member is unpacked once, since the directory of a zip may give wrong sizes. ``watch`` is
    called with each block of each member, and with an empty one at its end.
    """
    budget = _Budget(path.stat().st_size)
    try:
        with _opened(path) as archive:
            for info in archive.infolist():
                with archive.open(info) as source, ThreadPoolExecutor(1) as pool:
                    following = pool.submit(source.read, _CHUNK)
                    while chunk := following.result():
                        budget.spend(len(chunk))
                        # The next block is unpacked while this one is checked.
                        following = pool.submit(source.read, _CHUNK)
                        if watch:
                            watch(info.filename, chunk)
                if watch:
                    watch(info.filename, b"")
    except _BROKEN as error:
        _raise_if_ours(error)
        raise FileRejectedError(
            f"the workbook is a broken or encrypted zip ({type(error).__name__})",
            "Файл повреждён или защищён паролем. Откройте его в Excel, сохраните заново без пароля "
            "и пришлите снова.",
        ) from None


@contextmanager
def unpacked(path: Path, place: Path | None = None) -> Iterator[Unpacked]:
    """Open a file: itself, or, if it is an archive, its members, also those of archives in it.

    They are unpacked in ``place``, by default the system's temporary folder.

    Raises FileRejectedError for an archive beyond the limits or without a readable member.
    """
    with tempfile.TemporaryDirectory(dir=place, prefix="unpacked-") as folder:
        result: Unpacked = parse(_unpack, path, Path(folder)).finish()
        if not result.members:
            reasons = (
                "; ".join(f"{name}: {why}" for name, why in result.broken[:5]) or "it holds no file"
            )
            hints = dict.fromkeys(result.for_sender) or ["Упакуйте файлы заново."]
            raise FileRejectedError(
                f"the archive has no readable member ({reasons})",
                f"В архиве нет ни одного файла, который удалось бы прочитать. {' '.join(hints)}",
            )
        try:
            yield result
        finally:
            result.pool.close()


def _unpack(path: Path, folder: Path) -> Unpacked:
    result = Unpacked(Pool(folder))
    _Unpacker(folder, _Budget(path.stat().st_size), result).unpack(path)
    return result


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(path)
    except _BROKEN as error:
        _raise_if_ours(error)
        raise FileRejectedError(
            f"the zip cannot be opened ({type(error).__name__})",
            "Архив повреждён и не открывается. Упакуйте файлы заново.",
        ) from None
    if len(archive.infolist()) > MEMBERS_LIMIT:
        archive.close()
        raise _too_many()
    return archive


def _too_many() -> FileRejectedError:
    return FileRejectedError(
        f"the archive holds more than {MEMBERS_LIMIT} files",
        f"В архиве более {MEMBERS_LIMIT} файлов. Разделите его на несколько.",
    )


def _name_of(info: zipfile.ZipInfo) -> str:
    # Russian Windows packs names in cp866 and does not set the flag of UTF-8.
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("cp866")
    except UnicodeError:
        return info.filename


def _name_in_tar(info: tarfile.TarInfo) -> str:
    raw = info.name.encode("utf-8", "surrogateescape")
    try:
        return raw.decode("utf-8").removeprefix("./")
    except UnicodeDecodeError:
        return raw.decode("cp866").removeprefix("./")


def _label(archive: str, member: str) -> str:
    """The name of a member with that of its archive, masked, and shortened if it is longer than usual."""
    if len(member) > _LONGEST_NAME:
        member = f"{member[: _LONGEST_NAME // 2]}…{member[-_LONGEST_NAME // 2 :]}"
    return "/".join(filter(None, (archive, mask_personal(member))))


def _is_office(archive: zipfile.ZipFile) -> bool:
    names = set(archive.namelist())
    return "[Content_Types].xml" in names or "META-INF/manifest.xml" in names


@dataclass(frozen=True, slots=True)
class _Unpacker:
    """Unpacks one file and the archives in it, up to ``_DEEPEST``, into members of ``result``."""

    folder: Path
    budget: _Budget
    result: Unpacked

    def unpack(self, path: Path, name: str = "", depth: int = 0) -> None:
        """Add a file to the members: itself, or what is in it if it is an archive."""
        with path.open("rb") as file:
            head = file.read(_LOCAL_HEADER + 16)
        if foreign := foreign_archive(head):
            raise FileRejectedError(
                f"the file is a {foreign} archive, which is not opened (.zip, .gz and .tar are)",
                f"Это архив {foreign}, он не открывается. Распакуйте его и пришлите файлы в архиве .zip.",
            )
        is_gzip = head.startswith(b"\x1f\x8b")
        # A file that begins like text is no archive: a fast check for the many envelopes of an archive.
        is_text = head.startswith(_TEXT)
        is_tar = not is_text and not is_gzip and _is_tar(path)
        archive = None if is_text or is_gzip or is_tar else _zip_in(path)
        if is_text or not (is_gzip or is_tar or archive):
            if _is_cut_off(path, head):
                raise FileRejectedError(
                    "the zip is cut off or damaged: its directory is not there",
                    "Архив оборван или повреждён. Упакуйте файлы заново и пришлите снова.",
                )
            self.result.members.append(Member(name, path))
        elif depth == _DEEPEST:
            raise FileRejectedError(
                f"an archive in an archive in an archive: at most {_DEEPEST} levels are opened",
                "Архив вложен в архив, который сам лежит в архиве. Упакуйте файлы в один архив.",
            )
        elif is_gzip:
            self._unpack_gzip(path, name, depth)
        elif archive:
            with archive:
                self._unpack_zip(archive, name, depth)
        else:
            self._unpack_tar(path, name, depth)

    def _unpack_tar(self, path: Path, name: str, depth: int) -> None:
        try:
            with tarfile.open(path, "r:", encoding="utf-8") as archive:
                for number, info in enumerate(archive):
                    if number >= MEMBERS_LIMIT:
                        raise _too_many()
                    if info.isdir() or _is_noise(info.name):
                        continue
                    label = _label(name, _name_in_tar(info))
                    source = archive.extractfile(info) if info.isreg() else None
                    if source is None:
                        self.result.reject(label, "a link or a device, not a file")
                        continue
                    if info.size <= _POOLED_BYTES:
                        if self._pooled(source.read(), label):
                            continue
                        source.seek(0)
                    # Neither the name nor the permissions of the member are used on our disk.
                    target = self.folder / f"{depth}-tar-{number}-{len(self.result.members)}"
                    _copy(source, target, self.budget)
                    self._unpack_member(target, label, depth + 1)
        except _BROKEN as error:
            _raise_if_ours(error)
            reason = f"the tar is cut off or damaged ({type(error).__name__}); the members before are read"
            self.result.reject(name or "the file", reason, "Архив оборван. Упакуйте файлы заново.")

    def _unpack_zip(self, archive: zipfile.ZipFile, name: str, depth: int) -> None:
        for number, info in enumerate(archive.infolist()):
            member = _name_of(info)
            if info.is_dir() or _is_noise(member):
                continue
            label = _label(name, member)
            if info.file_size <= _POOLED_BYTES and self._is_pooled(archive, info, label):
                continue
            # The name of the member never becomes a path on our disk.
            target = self.folder / f"{depth}-{number}-{len(self.result.members)}"
            if info.flag_bits & _ENCRYPTED:
                self.result.reject(
                    label,
                    "the member is encrypted",
                    "Архив защищён паролем. Упакуйте файлы без пароля и пришлите снова.",
                )
                continue
            try:
                with archive.open(info) as source:
                    _copy(source, target, self.budget)
            except _BROKEN as error:
                _raise_if_ours(error)
                self.result.reject(label, f"the member cannot be unpacked ({type(error).__name__})")
                continue
            self._unpack_member(target, label, depth + 1)

    def _is_pooled(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, label: str) -> bool:
        """Whether a member was a small text and has been added to the pool; others are not touched."""
        if info.flag_bits & _ENCRYPTED:
            return False
        try:
            with archive.open(info) as source:
                content = source.read(len(max(_TEXT, key=len)))
                if not content.startswith(_TEXT):
                    return False
                # One byte more than a small text may have: the directory may give a wrong size.
                content += source.read(_POOLED_BYTES + 1)
        except _BROKEN as error:
            _raise_if_ours(error)
            return False
        return self._pooled(content, label)

    def _pooled(self, content: bytes, label: str) -> bool:
        if not content.startswith(_TEXT) or len(content) > _POOLED_BYTES:
            return False
        self.budget.spend(len(content))
        self.result.members.append(
            Member(label, (self.result.pool, self.result.pool.add(content), len(content)))
        )
        return True

    def _unpack_member(self, path: Path, name: str, depth: int) -> None:
        if path.stat().st_size == 0:
            self.result.reject(name, "the member is empty", "Файл в архиве пуст.")
            return
        try:
            self.unpack(path, name, depth)
        except FileRejectedError as error:
            if self.budget.is_spent:
                raise
            self.result.reject(name, error.reason, error.for_sender)

    def _unpack_gzip(self, path: Path, name: str, depth: int) -> None:
        target = self.folder / f"{depth}-gz-{len(self.result.members)}"
        try:
            with gzip.open(path) as source:
                _copy(source, target, self.budget)
        except _BROKEN as error:
            _raise_if_ours(error)
            # A journal that is being rotated may end early: what was unpacked is not used.
            self.result.reject(name or "the file", f"broken gzip ({type(error).__name__})")
            return
        if _is_tar(target):
            # A packed tar is one archive, not two.
            self._unpack_tar(target, name.removesuffix(".gz"), depth)
            return
        self.unpack(target, name.removesuffix(".gz"), depth + 1)


def _is_cut_off(path: Path, head: bytes) -> bool:
    """Whether the content begins like a zip of plain files but is no complete zip."""
    if not head.startswith(b"PK\x03\x04") or zipfile.is_zipfile(path):
        return False
    # A damaged workbook is reported as a workbook.
    return len(head) > _LOCAL_HEADER and not head[_LOCAL_HEADER:].startswith(_OFFICE_PARTS)


def _is_tar(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(_TAR_MAGIC_AT)
        return file.read(len(_TAR_MAGIC)) == _TAR_MAGIC


def _raise_if_ours(error: Exception) -> None:
    if isinstance(error, OSError) and error.errno not in _OF_CONTENT:
        raise error


def _copy(source: IO[bytes] | gzip.GzipFile, target: Path, budget: _Budget) -> None:
    with target.open("wb") as sink:
        while chunk := source.read(_CHUNK):
            budget.spend(len(chunk))
            sink.write(chunk)


def _is_noise(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or (bool(parts) and parts[-1].startswith((".", "~$")))
