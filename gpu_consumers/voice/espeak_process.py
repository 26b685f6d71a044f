"""One utterance by espeak-ng, in a process of its own: a second one in the same process would sound different.

Reads one JSON object from standard input and writes one line of JSON (the header), then raw int16 PCM, to standard
output. Only the standard library, and little of it: the start of the interpreter is most of the cost.

With `clauses` (a list of texts) in the request, nothing is spoken: the header's `phonemes` has the IPA of each.

Request: `library`, `data` (paths), `voice`, `text`, `rate` (words a minute), `pitch`, `range`, `gap`.
Header: `sample_rate`, `events` ([sample, position], position counted in characters from 0), or `error` and exit 1.
"""

import ctypes
import json
import sys

_RETRIEVAL_SYNCHRONOUS, _UTF8, _BY_CHARACTER = 2, 1, 1
_DONT_EXIT = 0x8000
_SYNCHRONOUS, _IPA = 2, 2
_WORD = 1
_PARAMETERS = {"rate": 1, "pitch": 3, "range": 4, "gap": 7}


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


class RefusedError(Exception):
    """espeak-ng said no."""


def synthesise(request: dict) -> tuple[int, list[tuple[int, int]], bytes]:  # type: ignore[type-arg]
    """(sample rate, word events as (sample, position), PCM). Raises `RefusedError`."""
    library = ctypes.CDLL(request["library"])
    sample_rate = library.espeak_Initialize(_RETRIEVAL_SYNCHRONOUS, 0, request["data"].encode(), _DONT_EXIT)
    if sample_rate <= 0:
        raise RefusedError("espeak-ng could not read its data")
    if library.espeak_SetVoiceByName(request["voice"].encode()) != 0:
        raise RefusedError(f"espeak-ng has no voice {request['voice']!r}")
    for name, number in _PARAMETERS.items():
        library.espeak_SetParameter(number, int(request[name]), 0)
    return sample_rate, *_collect(library, request["text"])


def phonemes(request: dict) -> list[str]:  # type: ignore[type-arg]
    """The IPA of each clause, its words apart by spaces. Raises `RefusedError`."""
    library = ctypes.CDLL(request["library"])
    if library.espeak_Initialize(_SYNCHRONOUS, 0, request["data"].encode(), _DONT_EXIT) <= 0:
        raise RefusedError("espeak-ng could not read its data")
    if library.espeak_SetVoiceByName(request["voice"].encode()) != 0:
        raise RefusedError(f"espeak-ng has no voice {request['voice']!r}")
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    return [_ipa(library, clause) for clause in request["clauses"]]


def _ipa(library: ctypes.CDLL, text: str) -> str:
    """espeak-ng takes a clause at a time, and moves the pointer behind it."""
    held = ctypes.c_char_p(text.encode("utf-8", "replace"))
    rest, found = ctypes.cast(held, ctypes.c_void_p), []
    while rest.value:
        said = library.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, _IPA)
        found.append((said or b"").decode("utf-8", "replace"))
    return " ".join(" ".join(found).split())


def _collect(library: ctypes.CDLL, text: str) -> tuple[list[tuple[int, int]], bytes]:
    chunks: list[bytes] = []
    events: list[tuple[int, int]] = []

    def receive(samples, count, event):  # type: ignore[no-untyped-def]
        if count > 0:
            chunks.append(ctypes.string_at(samples, count * 2))
        index = 0
        while event[index].type:
            if event[index].type == _WORD:
                events.append((event[index].sample, event[index].text_position - 1))
            index += 1
        return 0

    callback = _CALLBACK(receive)  # kept by name: the library holds only a pointer
    library.espeak_SetSynthCallback(callback)
    data = text.encode("utf-8", "replace") + b"\0"
    if library.espeak_Synth(data, ctypes.c_size_t(len(data)), 0, _BY_CHARACTER, 0, _UTF8, None, None) != 0:
        raise RefusedError("espeak-ng could not speak the text")
    library.espeak_Synchronize()
    return events, b"".join(chunks)


def main() -> int:
    """Answer the request on standard input."""
    out = sys.stdout.buffer
    try:
        request = json.loads(sys.stdin.buffer.read())
        if "clauses" in request:
            out.write(json.dumps({"phonemes": phonemes(request)}).encode() + b"\n")
            return 0
        sample_rate, events, pcm = synthesise(request)
    except (RefusedError, OSError, ValueError, KeyError, AttributeError) as error:
        out.write(json.dumps({"error": f"{error}"}).encode() + b"\n")
        return 1
    out.write(json.dumps({"sample_rate": sample_rate, "events": events}).encode() + b"\n")
    out.write(pcm)
    return 0


if __name__ == "__main__":
    sys.exit(main())
