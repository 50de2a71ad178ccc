"""Pictures for llama.cpp: a model's projector (its `mmproj` file) makes of pixels what is read in place of tokens.

It rests on `mtmd`, llama.cpp's own library for this, which knows how each model wants its pictures: in tiles or whole,
between which tokens, with which positions (Qwen's M-RoPE), seen forwards only or all at once (Gemma 3).
"""

from __future__ import annotations

import ctypes
import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import llama_cpp
import numpy as np
from llama_cpp import mtmd_cpp

from quoth.errors import DocumentError, ModelError
from quoth.generators.base import Image
from quoth.generators.llama_batches import BATCH, entries
from quoth.generators.llama_context import Context, Weights, be_quiet
from quoth.generators.llama_share import Share
from quoth.passages.pixels import decode_picture

# What is seen all at once must fit one step of the runtime, which has room for so many; and it bounds the time.
MOST_TOKENS = 512
_TEXT, _IMAGE = mtmd_cpp.MTMD_INPUT_CHUNK_TYPE_TEXT, mtmd_cpp.MTMD_INPUT_CHUNK_TYPE_IMAGE


class Projector:
    """The eyes of a loaded GGUF model. Methods may be called from several threads, one at a time is served."""

    def __init__(self, path: Path, weights: Weights, threads: int) -> None:
        """Load it.

        Raises:
            ModelError: it is none, or that of another model.
        """
        mtmd_cpp.mtmd_log_set(be_quiet, ctypes.c_void_p())
        mtmd_cpp.mtmd_helper_log_set(be_quiet, ctypes.c_void_p())
        params = mtmd_cpp.mtmd_context_params_default()
        params.n_threads, params.warmup, params.image_max_tokens = threads, False, MOST_TOKENS
        self._context = mtmd_cpp.mtmd_init_from_file(os.fsencode(path), weights.pointer, params)
        if not self._context:
            cure = 'set `projector` to the mmproj file of this model, or to "none"'
            raise ModelError(f"{path} is no projector of this model", cure)
        self.close = weakref.finalize(self, _free, self._context, weights)
        self._marker = mtmd_cpp.mtmd_get_marker(self._context) or mtmd_cpp.mtmd_default_marker()
        self._sizes: dict[str, tuple[int, int]] = {}
        self._lock = threading.RLock()
        if not mtmd_cpp.mtmd_support_vision(self._context):
            raise ModelError(f"{path} is for sound, not for pictures", 'set `projector` to "none"')

    def show(self, digest: str, file: bytes) -> Image:
        """A picture as prompts hold it. Raises ModelError if it cannot be read."""
        if digest not in self._sizes:
            with self._lock, self._chunks(file) as chunks:
                self._sizes[digest] = sum(n for _, n, _ in chunks), sum(n for _, _, n in chunks)
        return Image(digest, file, *self._sizes[digest])

    def read(self, share: Share, sequence: int, start: int, image: Image) -> None:
        """Put a picture into a sequence from position `start`, with the tokens that this model wants around it.

        Raises:
            ModelError: it cannot be read, or the cells are used up.
            StoppedError: the question was given up.
        """
        with self._lock, self._chunks(image.file) as chunks:
            for chunk, positions, _ in chunks:
                if mtmd_cpp.mtmd_input_chunk_get_type(chunk) == _TEXT:
                    share.decode(entries(sequence, start, _tokens(chunk)))
                else:
                    self._look(share, sequence, start, chunk)
                start += positions

    def _look(self, share: Share, sequence: int, start: int, chunk: int) -> None:
        self._check_room(share.loop.context, chunk)
        if mtmd_cpp.mtmd_encode_chunk(self._context, chunk):
            raise ModelError("llama.cpp could not look at a picture", "report this with your model's name")
        seen, after = mtmd_cpp.mtmd_get_output_embd(self._context), llama_cpp.llama_pos()
        # Pixels are encoded beside the batches of others, and decoded between two.
        with share.loop.visit() as context:
            status = mtmd_cpp.mtmd_helper_decode_image_chunk(
                self._context, context.pointer, chunk, seen, start, sequence, BATCH, ctypes.byref(after), _IGNORE, None
            )
        if status:
            raise ModelError(f"llama.cpp could not read a picture (status {status})", "use fewer passages")

    def _check_room(self, context: Context, chunk: int) -> None:
        """The runtime would end the process."""
        tokens = mtmd_cpp.mtmd_input_chunk_get_n_tokens(chunk)
        room = llama_cpp.llama_n_ubatch(context.pointer)
        if tokens > room and mtmd_cpp.mtmd_decode_use_non_causal(self._context, chunk):
            cause = f"this model reads a picture as {tokens} tokens at once, there is room for {room}"
            raise ModelError(cause, 'set `projector` to "none"')

    @contextmanager
    def _chunks(self, file: bytes) -> Iterator[list[tuple[int, int, int]]]:
        """What a picture is read as: pieces with their positions and cells."""
        with _bitmap(file) as bitmap:
            chunks = mtmd_cpp.mtmd_input_chunks_init()
            try:
                text = mtmd_cpp.mtmd_input_text(self._marker, len(self._marker), False, True)
                bitmaps = (mtmd_cpp.mtmd_bitmap_p_ctypes * 1)(bitmap)
                if mtmd_cpp.mtmd_tokenize(self._context, chunks, ctypes.byref(text), bitmaps, 1):
                    raise ModelError("llama.cpp could not prepare a picture", "report this with your model's name")
                yield [_sized(chunks, i) for i in range(mtmd_cpp.mtmd_input_chunks_size(chunks))]
            finally:
                mtmd_cpp.mtmd_input_chunks_free(chunks)


def _free(context: ctypes.c_void_p, _weights: Weights) -> None:
    """Whoever is to call this holds the weights until then."""
    mtmd_cpp.mtmd_free(context)


# No callback: a null pointer of its type.
_IGNORE = mtmd_cpp.mtmd_helper_post_decode_callback()


def _sized(chunks: int, i: int) -> tuple[int, int, int]:
    chunk = mtmd_cpp.mtmd_input_chunks_get(chunks, i)
    return chunk, mtmd_cpp.mtmd_input_chunk_get_n_pos(chunk), mtmd_cpp.mtmd_input_chunk_get_n_tokens(chunk)


def _tokens(chunk: int) -> list[int]:
    count = ctypes.c_size_t()
    tokens = mtmd_cpp.mtmd_input_chunk_get_tokens_text(chunk, ctypes.byref(count))
    return [tokens[i] for i in range(count.value)]


@contextmanager
def _bitmap(file: bytes) -> Iterator[int]:
    """The pixels of a picture's file, as mtmd wants them."""
    try:
        pixels = np.ascontiguousarray(decode_picture(file).pixels)
    except DocumentError as error:
        raise ModelError(f"a picture cannot be read: {error.cause}", error.cure) from error
    height, width = pixels.shape[:2]
    bitmap = mtmd_cpp.mtmd_bitmap_init(width, height, pixels.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8)))
    try:
        yield bitmap
    finally:
        mtmd_cpp.mtmd_bitmap_free(bitmap)
