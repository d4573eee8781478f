"""Pictures in: the one way in which both packages and the page open a picture, whatever it comes from."""

import io
import itertools
import math
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from os import PathLike, fsdecode
from pathlib import Path
from typing import IO, Any

import numpy as np
import pillow_heif
from PIL import Image, ImageCms, ImageFile, ImageOps
from PIL.PngImagePlugin import PngInfo

from darkroom.checks import printable

MAX_FILE_PIXELS = 100_000_000  # of a file
FULL_PIXELS = 25_000_000  # beyond, a picture is reduced before anything else is done to it
STRIP_PIXELS = 2**20  # converted at a time while reducing
# Decoders that take more than 600 MB for 100 megapixels (15.5, 9 and 7.5 bytes a pixel, as measured).
MAX_PIXELS_OF_FORMATS = {"WEBP": 38_000_000, "AVIF": 66_000_000, "HEIF": 80_000_000}
MAX_SLOW_PNM_PIXELS = 4_000_000  # of a PNM that Pillow reads in Python: 1 to 2 s a megapixel
MAX_TIFF_PAGES = 1000  # of a TIFF, that are looked at
MAX_NAME_LENGTH = 100  # characters of a name in a message
FULL_SCALE_BITS = (8, 10, 12, 14, 16)  # of sensors and files
# Pillow also knows formats that start other programs (EPS), have no size of their own, or no mark (TGA).
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "HEIF", "JPEG2000")
ANIMATED_FORMATS = ("GIF", "PNG", "WEBP", "AVIF")
PRINT_DPI = (300, 300)  # by which printers and layouts find a picture's size
READ_AS = "read as"  # the key of an opened picture's info for what it was read without
FORMAT_NAMES = "PNG, JPEG, WEBP, GIF, BMP, TIFF, PNM, AVIF, HEIC or JPEG 2000"

Image.init()
pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
# These three hold for the whole process and are never set back: changing them for a while is not safe in threads.
# A picture that lost its last part is read, with what is missing in gray or black; one that is no picture is refused.
ImageFile.LOAD_TRUNCATED_IMAGES = True
Image.MAX_IMAGE_PIXELS = MAX_FILE_PIXELS  # Pillow refuses twice as many; what is between is refused here
for category in (UserWarning, Image.DecompressionBombWarning):  # of damaged metadata, which no user can mend
    warnings.filterwarnings("ignore", category=category, module=r"PIL\.")

_LARGE = threading.Lock()
Picture = str | PathLike[str] | IO[bytes] | Image.Image | np.ndarray
Check = Callable[[int, int], None]


class PictureError(ValueError):
    """A picture that cannot be used; the message is one sentence that names it, says why and what is allowed."""


class _Fault(Exception):
    """There is no picture, for a reason in words that follow its name: "is empty"."""


def open_picture(source: Picture, name: str | None = None, check: Check | None = None) -> Image.Image:
    """Open any picture as a new upright sRGB image of mode RGB and at most 25 megapixels; a TIFF's largest page.

    Transparency is composited on white, a profile converted, metadata that cannot be read ignored; the first frame
    of an animation taken. More than 8 bits become 8 by the range that is there. `remark` says so. Raises PictureError.

    Args:
        source: a path, a binary file, a PIL image, or an array (H, W[, 3 or 4]) of whole numbers or floats.
        name: what messages call it; by default a path's last part.
        check: gets (width, height) of the header, px, turned or not, before anything is decoded, and may raise.
    """
    image = _open(source, name, check)
    if image.mode == "RGB":
        return image
    opaque = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    clear = image.getchannel("A").getextrema()[0] != 255
    opaque.info = _read_as([remark(image) or ""] + ["what was transparent is white"] * clear)
    return opaque


def remark(picture: Image.Image | None) -> str | None:
    """Return what an opened picture was read without, if anything: frames, pages, pixels, transparency."""
    return picture.info.get(READ_AS) if picture else None


def save_picture(picture: Image.Image, file: str | Path | IO[bytes], **options: Any) -> None:
    """Write a picture as PNG or JPEG, at 300 dots an inch; a PNG says that it is in sRGB."""
    about = PngInfo()
    about.add(b"sRGB", b"\0")  # to be rendered perceptually
    picture.save(file, dpi=PRINT_DPI, pnginfo=about, **options)


def open_cutout(source: Picture, name: str | None = None) -> Image.Image:
    """Open a picture as `open_picture` does, with its transparency: as RGBA. Raises PictureError."""
    return _open(source, name, None).convert("RGBA")


def is_picture(file: IO[bytes]) -> bool:
    """Tell whether a file begins as a picture does; the rest of it may still be damaged. Reads its beginning only."""
    file.seek(0)
    head = file.read(16)
    return any(Image.OPEN[form][1](head) is True for form in FORMATS)  # type: ignore[misc]


def _open(source: Picture, name: str | None, check: Check | None) -> Image.Image:
    """Open as RGB or RGBA, upright and in sRGB."""
    usual = Path(fsdecode(source)).name if isinstance(source, str | PathLike) else ""
    name = printable(name or usual or ("the upload" if hasattr(source, "read") else "the picture"))
    name = name if len(name) <= MAX_NAME_LENGTH else f"{name[:MAX_NAME_LENGTH]}..."
    try:
        with _image(source) as image:
            return _decoded(image, check, own=image is not source)
    except _Fault as fault:
        raise PictureError(f"{name} {fault}") from None
    except MemoryError:
        raise PictureError(f"{name} is too large for the memory here") from None


@contextmanager
def _image(source: Picture) -> Iterator[Image.Image]:
    """Hold a source as an image; of a file no more than the header is read. Raises _Fault."""
    if isinstance(source, Image.Image):
        yield source
    elif isinstance(source, np.ndarray):
        yield _of_array(source)
    elif isinstance(source, str | PathLike):
        with _regular_file(source) as file:
            yield _header(file)
    elif hasattr(source, "read"):
        yield _header(_binary_file(source))
    else:
        raise _Fault(f"is {type(source).__name__}; a path, a binary file, an image or an array is needed")


def _of_array(pixels: np.ndarray) -> Image.Image:
    if pixels.ndim not in (2, 3) or pixels.shape[2:] not in ((), (3,), (4,)) or not pixels.size:
        raise _Fault(f"is an array {pixels.shape}; (H, W), (H, W, 3) or (H, W, 4) is needed")
    if pixels.dtype.kind not in "buif":
        raise _Fault(f"is an array of {pixels.dtype.name}; whole numbers or floats are needed")
    _check_pixels(pixels.shape[1], pixels.shape[0], MAX_FILE_PIXELS)
    return Image.fromarray(_scaled(pixels * np.uint8(255) if pixels.dtype == bool else pixels))


def _regular_file(source: str | PathLike[str]) -> IO[bytes]:
    """Open the file at a path. Raises _Fault where it is none; a pipe is not opened, as that would wait."""
    try:
        path = Path(fsdecode(source))
        if path.is_dir():
            raise _Fault("is a folder; the path of one picture is needed")
        if path.exists() and not path.is_file():
            raise _Fault("is no regular file but a pipe or a device")
        return path.open("rb")
    except (FileNotFoundError, NotADirectoryError):
        raise _Fault("does not exist") from None
    except OSError as error:
        raise _Fault(f"cannot be opened: {error.strerror or type(error).__name__}") from None
    except ValueError:  # a character that no name may have
        raise _Fault("is no name of a file") from None


def _binary_file(source: IO[bytes]) -> IO[bytes]:
    """Return the file itself, or its content where it cannot be read twice. Raises _Fault where it is not binary."""
    try:
        if not isinstance(source.read(0), bytes):
            raise _Fault("is open as text; a binary file is needed")
        return source if source.seekable() else io.BytesIO(source.read())
    except (OSError, ValueError):
        raise _Fault("cannot be read: the file is closed, or not open for reading") from None


def _header(file: IO[bytes]) -> Image.Image:
    """Read the header of the picture in a file. Raises _Fault."""
    file.seek(0)
    try:
        image = Image.open(file, formats=FORMATS)
        if image.format == "TIFF":
            _seek_largest_page(image)
        return image
    except Image.DecompressionBombError:
        most = MAX_FILE_PIXELS // 10**6
        raise _Fault(f"has more than {2 * most} megapixels; at most {most} megapixels are allowed") from None
    except MemoryError:
        raise
    except Exception:  # each of Pillow's decoders has exceptions of its own
        empty = not file.seek(0, io.SEEK_END)
        raise _Fault("is empty" if empty else f"is not a picture in a known format ({FORMAT_NAMES})") from None


def _seek_largest_page(image: Image.Image) -> None:
    """Go to the page with the most pixels: the first may be a thumbnail."""
    sizes = []
    with suppress(Exception):  # there are no more, or none that Pillow can read
        for page in range(MAX_TIFF_PAGES):
            image.seek(page)
            sizes.append(image.width * image.height)
    image.seek(sizes.index(max(sizes)))


def _decoded(image: Image.Image, check: Check | None, own: bool) -> Image.Image:
    """Decode as a new RGB or RGBA image; own: whether it may be changed. Raises _Fault, and what `check` does."""
    _check_pixels(*image.size, MAX_FILE_PIXELS)
    if image.format in MAX_PIXELS_OF_FORMATS:
        _check_pixels(*image.size, MAX_PIXELS_OF_FORMATS[image.format], f" for {image.format}")
    tiles = getattr(image, "tile", None)
    if tiles and tiles[0].codec_name.startswith("ppm"):
        _check_pixels(*image.size, MAX_SLOW_PNM_PIXELS, " for a PNM as text or of other than 8 bits")
    if check is not None:
        check(*image.size)
    # Large ones are decoded one after another: several visitors' at once would need their memory together.
    with _LARGE if image.width * image.height > FULL_PIXELS else nullcontext():
        try:
            said = _left(image)
            factor = _draft(image) if own else _factor(*image.size)
            image.load()
            result = _reduced(image, factor)
        except MemoryError:
            raise
        except Exception:  # each of Pillow's decoders has exceptions of its own
            raise _Fault(f"is a damaged picture ({image.format})" if image.format else "is damaged") from None
        if result.mode in ("I", "F"):
            result = _gray(result)
    upright = _upright(_to_srgb(result, image.info.get("icc_profile")), image.info.get("exif"))
    upright.info = _read_as(said)
    return upright


def _read_as(said: list[str]) -> dict[str | tuple[int, int], Any]:
    text = "; ".join(filter(None, said))
    return {READ_AS: text} if text else {}


def _left(image: Image.Image) -> list[str]:
    """Return what is left of an image that is about to be decoded, or was said of it when it was opened."""
    if isinstance(said := image.info.get(READ_AS), str):
        return [said]
    several, least = getattr(image, "is_animated", False), _factor(*image.size)
    return [
        "of its frames the first was taken" if several and image.format in ANIMATED_FORMATS else "",
        "of its pages the largest was taken" if several and image.format == "TIFF" else "",
        f"it was reduced to {FULL_PIXELS // 10**6} megapixels" if least > 1 else "",
    ]


def _check_pixels(width: int, height: int, most: float, kind: str = "") -> None:
    if width * height > most:
        size = f"{width}x{height} ({width * height / 1e6:.1f} megapixels)"
        raise _Fault(f"is {size}; at most {most // 10**6:.0f} megapixels are allowed{kind}")
    if not width * height:
        raise _Fault(f"is {width}x{height}; both sides must be at least 1 px")


def _draft(image: Image.Image) -> int:
    """Have the decoder reduce a large picture where it can; return the factor that is left, by both sides."""
    factor = _factor(*image.size)
    halvings = math.ceil(math.log2(factor))
    if halvings and image.format in ("JPEG", "MPO"):
        part = 2 ** min(halvings, 3)
        image.draft(None, (image.width // part, image.height // part))  # type: ignore[attr-defined]
        return _factor(*image.size)
    if halvings and image.format == "JPEG2000":
        image.reduce = halvings  # type: ignore[assignment,method-assign]
        return 1
    return factor


def _factor(width: int, height: int) -> int:
    """Return by how much both sides are divided, so that at most FULL_PIXELS stay."""
    return next(n for n in itertools.count(1) if math.ceil(width / n) * math.ceil(height / n) <= FULL_PIXELS)


def _upright(image: Image.Image, exif: bytes | None) -> Image.Image:
    """Return a new image, turned as EXIF says where that can be read, and without metadata."""
    image = image.copy()
    image.info = {"exif": exif} if exif else {}
    with suppress(Exception):  # whatever is wrong with it, it is no part of the picture
        ImageOps.exif_transpose(image, in_place=True)
    image.info = {}  # a profile or an orientation in it would be applied once more where it is saved
    return image


def _reduced(image: Image.Image, factor: int) -> Image.Image:
    """Divide both sides, strip by strip: conversions of the whole would need several times its memory."""
    if factor == 1:
        return _plain(image)
    rows = max(1, STRIP_PIXELS // image.width // factor) * factor
    size = math.ceil(image.width / factor), math.ceil(image.height / factor)
    whole = Image.new(_plain(image.crop((0, 0, 1, 1))).mode, size, None)
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(top + rows, image.height)))
        whole.paste(_plain(strip).reduce(factor), (0, top // factor))
    return whole


def _plain(image: Image.Image) -> Image.Image:
    """Convert to L, LA, RGB, RGBA, CMYK, LAB, or to I or F where there are more than 8 bits."""
    if image.mode.startswith("I;16"):
        return image.convert("I")
    if image.mode in ("I", "F", "LA", "CMYK", "LAB"):
        return image
    if image.has_transparency_data:
        return image.convert("LA" if image.mode == "La" else "RGBA")
    if image.mode == "1":
        return image.convert("L")
    return image if image.mode in ("L", "RGB") else image.convert("RGB")


def _gray(image: Image.Image) -> Image.Image:
    """Scale an image of mode I or F to L, or to LA where one value of it is transparent. Raises _Fault."""
    values = np.asarray(image)
    gray = Image.fromarray(_scaled(values))
    clear = image.info.get("transparency")
    if isinstance(clear, int):
        gray.putalpha(Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8)))
    return gray


def _scaled(values: np.ndarray) -> np.ndarray:
    """Scale values to uint8 by the range that is there.

    Whole numbers: 0 to the smallest full scale of 8, 10, 12, 14 or 16 bits (15 for int16) that holds them all. Floats:
    0 to 1, -1 to 1, or 0 to 255 (some above 2). Others: least to greatest. Raises _Fault where one is not finite.
    """
    if values.dtype == np.uint8:
        return values
    with np.errstate(over="ignore"):
        scaled = values.astype(np.float32)
    if not np.isfinite(scaled).all():
        raise _Fault("holds values that are NaN or infinite; only finite ones are allowed")
    low, high = float(scaled.min()), float(scaled.max())
    if values.dtype.kind == "f":
        ranges = [(0.0, 1.0), (-1.0, 1.0)] + [(0.0, 255.0)] * (high > 2)
    else:
        bits = [15 if values.dtype == np.int16 and bits == 16 else bits for bits in FULL_SCALE_BITS]
        ranges = [(0.0, 2.0**each - 1) for each in bits]
    black, white = next(((b, w) for b, w in ranges if b <= low and high <= w), (low, high))
    scaled /= 2  # the greatest less the least may be beyond all floats
    scaled -= black / 2
    scaled *= 255 / ((white / 2 - black / 2) or 1)
    return np.rint(scaled, out=scaled).clip(0, 255).astype(np.uint8)


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert L, LA, RGB, RGBA, CMYK or LAB to RGB or RGBA in sRGB; a profile that is broken or unfit is ignored."""
    mode = "RGBA" if image.mode in ("LA", "RGBA") else "RGB"
    if profile or image.mode == "LAB":
        with suppress(ImageCms.PyCMSError, OSError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile)) if profile else ImageCms.createProfile("LAB")
            if "sRGB" not in ImageCms.getProfileDescription(source):
                colours = image.convert(image.mode.removesuffix("A"))
                srgb = ImageCms.createProfile("sRGB")
                converted = ImageCms.profileToProfile(colours, source, srgb, outputMode="RGB")
                assert converted is not None  # which only a conversion in place gives
                if mode == "RGBA":
                    converted.putalpha(image.getchannel("A"))
                return converted
    return image if image.mode == mode else image.convert(mode)
