"""Files that others may write, on a local disk: found, opened, copied and moved without following links.

A place is a root of ours and the names below it. All calls of the operating system go through ``os`` of
this module: tests make each of them fail.
"""

# pathlib knows no names relative to an open folder.
# ruff: noqa: PTH103, PTH105, PTH116, PTH208

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import signal
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from municipal_indicators.errors import StorageError

DEEPEST = 50
CHUNK = 1 << 20
# A file system that cannot say whether a file is open (NFS, SMB) says that it is: this is waited at most.
OPEN_SECONDS = 600.0
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK, opening a fifo that took the place of a file would wait for its writer.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
# The file was taken away, or a link or another kind of file took its place.
GONE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO}
_WORDS = {
    errno.ENOSPC: "диск заполнен: освободите место",
    errno.EDQUOT: "квота диска исчерпана: освободите место",
    errno.EROFS: "диск закрыт для записи: подключите его для записи",
    errno.EACCES: "у этого пользователя нет права: исправьте владельца или права",
    errno.EPERM: "у этого пользователя нет права: исправьте владельца или права",
}


class Stamp(NamedTuple):
    """What changes when a file changes. ``modified`` and ``changed`` are in ns since 1970."""

    size: int
    modified: int
    changed: int
    inode: int

    @property
    def age(self) -> float:
        """Seconds since the content moved; a modification time that lies ahead is not believed."""
        now = time.time()
        moved = self.modified / 1e9
        return max(now - (moved if moved <= now else self.changed / 1e9), 0.0)

    def is_of(self, other: Stamp | None) -> bool:
        """Whether both are of the same content, perhaps under another name."""
        return other is not None and (self.size, self.modified, self.inode) == (
            other.size,
            other.modified,
            other.inode,
        )


class Place(NamedTuple):
    """A file or folder: the names that lead to it below ``root``, which may itself be a link."""

    root: Path
    names: tuple[str, ...]

    @property
    def path(self) -> Path:
        """The whole path, for messages and for names."""
        return self.root.joinpath(*self.names)


@contextmanager
def named(what: str) -> Iterator[None]:
    """Raise StorageError that names the place and the reason in words for an OSError."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"{what}: {in_words(error)}") from None


def in_words(error: OSError) -> str:
    """The reason without the path, which may quote a person."""
    words = _WORDS.get(error.errno or 0)
    return (
        f"{words} ({type(error).__name__})"
        if words
        else f"{error.strerror} ({type(error).__name__})"
    )


def entries(folder: Place) -> Iterator[tuple[Place, bool, Stamp | OSError | None]]:
    """What lies in a folder: place, whether it is a folder, stamp of a regular file or why it has none.

    Links, devices, sockets and fifos have no stamp and are no folder. Raises OSError.
    """
    with _folder(folder) as descriptor:
        for name in sorted(os.listdir(descriptor)):
            place = Place(folder.root, (*folder.names, name))
            try:
                found = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            except FileNotFoundError:
                continue
            except OSError as error:
                yield place, False, error
                continue
            yield place, stat.S_ISDIR(found.st_mode), _stamp(found)


def stamp_of(place: Place) -> Stamp | None:
    """The stamp of a regular file; None if there is none any more. Raises OSError."""
    try:
        with _folder(Place(place.root, place.names[:-1])) as folder:
            return _stamp(os.stat(place.names[-1], dir_fd=folder, follow_symlinks=False))
    except OSError as error:
        if error.errno in GONE:
            return None
        raise


@contextmanager
def opened(place: Place) -> Iterator[int]:
    """The descriptor of a regular file, for reading; no name on the way may be a link. Raises OSError."""
    with _folder(Place(place.root, place.names[:-1])) as folder:
        descriptor = os.open(place.names[-1], _FILE, dir_fd=folder)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.ELOOP, "not a regular file")
        yield descriptor
    finally:
        os.close(descriptor)


def stamp_of_opened(descriptor: int) -> Stamp | None:
    """The stamp of an open file."""
    return _stamp(os.fstat(descriptor))


def is_written(descriptor: int) -> bool:
    """Whether another process of this machine holds the file open for writing, as far as can be known.

    The kernel grants no read lease on such a file. Nothing is known of files of other owners.
    """
    try:
        # Who breaks a lease sends a signal: one that is ignored, instead of SIGIO, which kills.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    return False


def copy(source: int, target: Path, what: str) -> str:
    """Copy an open file to a new path; returns the SHA-256 of the content.

    Raises StorageError that begins with ``what`` if the target cannot be written, OSError for the source.
    """
    digest = hashlib.sha256()
    with named(what):
        sink = os.open(target, _NEW, 0o640)
    try:
        while chunk := os.read(source, CHUNK):
            digest.update(chunk)
            with named(what):
                _write(sink, chunk)
    finally:
        os.close(sink)
    return digest.hexdigest()


def keep(path: Path, target: Path, digest: str, modified: int, what: str) -> None:
    """Copy a file of ours to ``target`` on another disk: whole, lasting and with its time, or not at all.

    Raises StorageError that begins with ``what``.
    """
    partial = target.with_name(target.name + ".part")
    with named(what):
        with opened(Place(path.parent, (path.name,))) as source:
            copy(source, partial, what)
        with opened(Place(partial.parent, (partial.name,))) as kept:
            os.fsync(kept)
            if digest_of(kept) != digest:
                raise OSError(errno.EIO, "the copy differs from what was written")
        set_modified(partial, modified)
        _name(partial, target)


def set_modified(path: Path, modified: int) -> None:
    """Set the modification time of a file of ours, in ns. Raises OSError."""
    os.utime(path, ns=(modified, modified))


def write_text(path: Path, text: str) -> None:
    """Write a file of ours: whole and lasting, or not at all. Raises OSError."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """The same of bytes."""
    partial = path.with_name(path.name + ".part")
    descriptor = os.open(partial, _NEW, 0o640)
    try:
        _write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    _name(partial, path)


def digest_of(descriptor: int, size: int | None = None) -> str:
    """The SHA-256 of an open file, or of its first ``size`` bytes. Raises OSError."""
    digest = hashlib.sha256()
    while chunk := os.read(descriptor, CHUNK if size is None else min(CHUNK, size)):
        digest.update(chunk)
        if size is not None:
            size -= len(chunk)
    return digest.hexdigest()


def make_folder(path: Path) -> None:
    """Make a folder and those above it. Raises OSError."""
    os.makedirs(path, 0o750, exist_ok=True)


def move(place: Place, target: Path, stamp: Stamp) -> bool:
    """Rename a file to ``target``; False if it is another file by now, or that cannot be done here.

    Renaming keeps what a writer, who still has the file open, adds to it.
    """
    try:
        with _folder(Place(place.root, place.names[:-1])) as folder:
            name = place.names[-1]
            if not stamp.is_of(_stamp(os.stat(name, dir_fd=folder, follow_symlinks=False))):
                return False
            os.rename(name, target, src_dir_fd=folder)
            moved = os.stat(target, follow_symlinks=False)
            if moved.st_ino != stamp.inode:
                # Another file took the name in between: it is given back.
                os.rename(target, name, dst_dir_fd=folder)
                return False
    except OSError:
        # Another disk, or a right is lacking: the caller copies, and says what cannot be done.
        return False
    return True


def remove(place: Place, stamp: Stamp) -> None:
    """Remove a file unless it is another one by now. Raises OSError."""
    try:
        with _folder(Place(place.root, place.names[:-1])) as folder:
            name = place.names[-1]
            if stamp.is_of(_stamp(os.stat(name, dir_fd=folder, follow_symlinks=False))):
                os.unlink(name, dir_fd=folder)
    except OSError as error:
        if error.errno not in GONE:
            raise


def _name(partial: Path, target: Path) -> None:
    try:
        os.replace(partial, target)
    except FileNotFoundError:
        # Another run, which archives the same file, has named it.
        if not target.exists():
            raise


def _write(descriptor: int, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _stamp(found: os.stat_result) -> Stamp | None:
    if not stat.S_ISREG(found.st_mode):
        return None
    return Stamp(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


@contextmanager
def _folder(place: Place) -> Iterator[int]:
    # Only the root, which the configuration names, may be a link.
    descriptor = os.open(place.root, _FOLDER & ~os.O_NOFOLLOW)
    try:
        for name in place.names:
            below = os.open(name, _FOLDER, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)
