"""Zip containers (zipped shapefile, XLSX): checked whole before a byte is unpacked."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from layers.errors import HostileInput, InvalidInput

MAX_FILES = 2_000
#: A member above `RATIO_FROM_BYTES` that unpacks to more than this many times its size is a bomb.
MAX_RATIO = 150
RATIO_FROM_BYTES = 1_000_000
_JUNK_FOLDERS = {"__MACOSX"}
_JUNK_NAMES = {".ds_store", "thumbs.db", "desktop.ini"}
_CHUNK = 1 << 20
#: The end record and the longest comment that may follow it.
_END_RECORD_BYTES = 22 + 65_535


def checked_archive(path: Path, *, max_unpacked_bytes: int) -> zipfile.ZipFile:
    """The archive at `path`, after its directory was judged; the caller closes it.

    Raises `HostileInput` for names that leave the folder, for more than `MAX_FILES` members, for
    an unpacked size over `max_unpacked_bytes` and for bombs; `InvalidInput` for broken or
    encrypted archives. The sizes in the directory bind: `zipfile` never yields more than they say.
    """
    _judge_count(path)
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
        raise InvalidInput(
            "the archive is broken", value=str(error), remedy="make the zip file again"
        ) from error
    try:
        _judge(archive, max_unpacked_bytes)
    except BaseException:
        archive.close()
        raise
    return archive


def _judge_count(path: Path) -> None:
    """Refuses by the number of members that the archive's last record states, before it is parsed."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _END_RECORD_BYTES))
        tail = file.read(_END_RECORD_BYTES)
    at = tail.rfind(b"PK\x05\x06")
    if at >= 0 and len(tail) >= at + 16:
        count, size = struct.unpack_from("<HI", tail, at + 10)
        if count > MAX_FILES or size > MAX_FILES * 1_024:
            raise HostileInput(
                f"the archive holds more than {MAX_FILES} files",
                value=count,
                remedy="pack only the layer's own files",
            )


def _judge(archive: zipfile.ZipFile, max_unpacked_bytes: int) -> None:
    members = archive.infolist()
    if len(members) > MAX_FILES:
        raise HostileInput(
            f"the archive holds {len(members)} files, at most {MAX_FILES} are read",
            value=len(members),
            remedy="pack only the layer's own files",
        )
    unpacked = 0
    for member in members:
        name = member.filename.replace("\\", "/")
        parts = PurePosixPath(name).parts
        if name.startswith("/") or ".." in parts or (parts and parts[0].endswith(":")):
            raise HostileInput(
                "the archive holds a name that leads outside its folder",
                value=name,
                where=name[:120],
                remedy="pack the files again without folders",
            )
        if member.flag_bits & 0x1:
            raise InvalidInput(
                "the archive is encrypted", value=name, remedy="pack it without a password"
            )
        unpacked += member.file_size
        if unpacked > max_unpacked_bytes:
            raise HostileInput(
                f"the archive unpacks to more than {max_unpacked_bytes // 1_048_576} MB",
                value=unpacked,
                remedy="split the file, or raise NCC_IMPORT_MAX_UNPACKED_MB",
            )
        if member.file_size > RATIO_FROM_BYTES and member.file_size > MAX_RATIO * max(
            member.compress_size, 1
        ):
            raise HostileInput(
                f"{member.file_size // max(member.compress_size, 1)} times smaller packed than "
                "unpacked: this is how archives that exhaust memory look",
                value=name,
                where=name[:120],
                remedy="save the data as CSV or GeoPackage",
            )


def members_of_interest(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """Members that are files and not the litter that file managers leave in archives."""
    kept = []
    for member in archive.infolist():
        parts = PurePosixPath(member.filename.replace("\\", "/")).parts
        if member.is_dir() or not parts or _JUNK_FOLDERS & set(parts[:-1]):
            continue
        if parts[-1].lower() in _JUNK_NAMES or parts[-1].startswith("._"):
            continue
        kept.append(member)
    return kept


def unpack_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    """Writes one member to `target`, a path of our own choosing."""
    try:
        with archive.open(member) as source, target.open("wb") as sink:
            while chunk := source.read(_CHUNK):
                sink.write(chunk)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise InvalidInput(
            "the archive is broken", value=str(error), where=member.filename[:120],
            remedy="make the zip file again",
        ) from error  # fmt: skip


#: What the shape type in a .shp header stands for, its Z and M forms taken together.
_SHAPE_OF_TYPE = {1: "point", 3: "line", 5: "polygon", 8: "point"}
Shapefile = tuple[str, dict[str, zipfile.ZipInfo]]


def shapefile_members(
    archive: zipfile.ZipFile, *, sublayer: str = "", shape: str = "any"
) -> tuple[list[Shapefile], list[str]]:
    """Names and parts (`shp shx dbf prj cpg`) of the shapefiles, and the names of those left out.

    The one named, or all of a `shape` (`point`, `line`, `polygon`; anything else takes all).
    """
    found: dict[str, dict[str, zipfile.ZipInfo]] = {}
    for member in members_of_interest(archive):
        name = member.filename.replace("\\", "/")
        stem, _, extension = name.rpartition(".")
        if extension.lower() in {"shp", "shx", "dbf", "prj", "cpg"}:
            found.setdefault(stem, {})[extension.lower()] = member
    layers = {stem: parts for stem, parts in sorted(found.items()) if "shp" in parts}
    if not layers:
        raise InvalidInput(
            "no shapefile in the archive",
            remedy="pack the .shp, .shx, .dbf and .prj files of one layer together",
        )
    if sublayer:
        wanted = sublayer.removesuffix(".shp").strip("/").casefold()
        matching = [
            stem
            for stem in layers
            if stem.casefold() == wanted or PurePosixPath(stem).name.casefold() == wanted
        ]
        if len(matching) != 1:
            raise InvalidInput(
                f"no single shapefile named {sublayer!r} among {_names(layers)}",
                value=sorted(layers),
                remedy="choose one with --sublayer NAME",
            )
    else:
        matching = list(layers)
        if len(layers) > 1 and shape in _SHAPE_OF_TYPE.values():
            fitting = [stem for stem in layers if _shape_of(archive, layers[stem]["shp"]) == shape]
            matching = fitting or matching
    for stem in matching:
        for needed in ("shx", "dbf"):
            if needed not in layers[stem]:
                raise InvalidInput(
                    f"the shapefile has no .{needed} part",
                    where=f"{PurePosixPath(stem).name}.shp",
                    remedy="pack the .shp, .shx, .dbf and .prj files of one layer together",
                )
    taken = [(PurePosixPath(stem).name, layers[stem]) for stem in matching]
    return taken, [PurePosixPath(stem).name for stem in layers if stem not in matching]


def shapefiles_to_choose(names: list[str]) -> InvalidInput:
    """The error for several shapefiles that are no parts of one layer."""
    return InvalidInput(
        f"the archive holds {len(names)} shapefiles: {_names(names)}",
        value=names,
        remedy="choose one with --sublayer NAME",
    )


def _names(stems: Iterable[str]) -> str:
    return ", ".join(sorted(f"{PurePosixPath(stem).name}.shp" for stem in stems))


def _shape_of(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> str:
    """`point`, `line`, `polygon`, or nothing, by the header of a .shp part."""
    try:
        with archive.open(member) as source:
            header = source.read(36)
    except (zipfile.BadZipFile, NotImplementedError, EOFError, RuntimeError):
        return ""
    return _SHAPE_OF_TYPE.get(int.from_bytes(header[32:36], "little") % 10, "")
