"""Speaks through the library of the `espeakng-loader` wheel, in a process of its own: `python -m
callwright.speech.tts.espeak_process VOICE WPM`.

espeak-ng is GPL-3; this process is the boundary. Text comes as UTF-8 on stdin; sample rate (uint32, little endian)
and int16 PCM leave on stdout.
"""

from __future__ import annotations

import ctypes
import struct
import sys

import espeakng_loader

__all__ = ["speak"]

# espeak-ng speak_lib.h
_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS
_NO_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT
_RATE = 1  # espeakRATE
_BY_CHARACTER = 1  # POS_CHARACTER
_UTF8 = 1  # espeakCHARS_UTF8


def speak(text: str, voice: str, words_per_minute: int) -> tuple[int, bytes]:
    """(sample rate, int16 PCM). Raises RuntimeError when the library refuses."""
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    collected: list[bytes] = []
    callback_type = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)

    def collect(samples: ctypes._Pointer[ctypes.c_short], count: int, _events: int) -> int:
        if samples and count > 0:
            collected.append(ctypes.string_at(samples, count * 2))
        return 0

    keep = callback_type(collect)  # held here: the library calls it until espeak_Synchronize
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, str(espeakng_loader.get_data_path()).encode(), _NO_EXIT)
    if rate <= 0:
        raise RuntimeError(f"espeak_Initialize returned {rate}")
    library.espeak_SetSynthCallback(keep)
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise RuntimeError(f"no voice {voice!r}")
    library.espeak_SetParameter(_RATE, words_per_minute, 0)
    encoded = text.encode() + b"\0"
    if library.espeak_Synth(encoded, ctypes.c_size_t(len(encoded)), 0, _BY_CHARACTER, 0, _UTF8, None, None) != 0:
        raise RuntimeError("espeak_Synth failed")
    library.espeak_Synchronize()
    return rate, b"".join(collected)


if __name__ == "__main__":
    try:
        found_rate, pcm = speak(sys.stdin.buffer.read().decode("utf-8"), sys.argv[1], int(sys.argv[2]))
    except (RuntimeError, OSError, ValueError) as error:
        sys.exit(f"espeak-ng library: {error}")
    sys.stdout.buffer.write(struct.pack("<I", found_rate) + pcm)
