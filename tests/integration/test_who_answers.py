"""Labelled greetings through everything that tells who answered: machines rendered by flite and espeak-ng, people from recordings.

Prints the tables (`pytest -s`). CALLWRIGHT_EVALUATE=1 runs every voice with the recogniser; that takes minutes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from callwright.bench.answering import BEEP, Found, Listener, table
from callwright.calls.announcements import Language
from callwright.speech.port import Pcm
from callwright.speech.wav import read_wav

pytestmark = pytest.mark.integration

RECORDINGS = Path(os.environ.get("CALLWRIGHT_SHARED", "../shared")) / "audio" / "callers-zh"
EVERYTHING = os.environ.get("CALLWRIGHT_EVALUATE") == "1"
FLITE = ("awb", "rms", "slt", "kal16") if EVERYTHING else ("awb",)

ENGLISH = {
    "voicemail": (
        "Hi, you have reached Ann Miller. I can not take your call right now. Please leave a message after the tone.",
        "Hello, you've reached the voicemail of Tom Baker. Leave your name and number and I'll get back to you.",
        "The person you are trying to reach is not available. At the tone, please record your message.",
        "Hey, it's Joe. Leave a message.",
        "We're sorry, we can't come to the phone right now. Please leave your message after the beep.",
        "Your call has been forwarded to an automatic voice message system. Five five five one two three is not available.",
        "Hi, this is Mary. Sorry I missed your call. Leave me a message and I'll call you back.",
        "You have reached the office of Doctor Green. We are away from the phone. Please leave a message.",
    ),
    "assistant": (
        "Hello, this is the virtual assistant of John Brown. How can I help you?",
        "Hi, I'm the digital assistant answering this call for Susan. What is this about?",
    ),
    "screening": (
        "Hi, the person you're calling is using a screening service. Go ahead and say your name, and why you're calling.",
        "Hi, if you record your name and reason for calling, I'll see if this person is available.",
        "Please state your name and the reason for your call.",
        "Hello. The person you are calling is screening calls. Please say your name and why you are calling.",
    ),
    "person": (
        "Hello?", "Hello, who is this?", "Yes?", "Hi there, how can I help you?",
        "Hello, this is Peter.", "Yes, speaking. Who is calling please?",
        "Good afternoon, Brown and Sons, Mary speaking, how can I help you?", "Hello. Sorry, I am driving right now.",
        "Hi, I'm in a meeting, can you call me back later?", "Who is this? How did you get my number?",
        "Hello? No, he's not available right now. Who is calling?", "Sorry, she can't come to the phone right now.",
        "Good morning, you have reached the Miller family.", "He is not here. Would you like to leave a message?",
    ),
}  # fmt: skip
MANDARIN = {
    "voicemail": (
        "您好，我现在无法接听您的电话，请在提示音后留言。",
        "您好，您拨打的用户暂时无法接听，请在嘀声后留言，录音完毕请挂机。", "您好，这里是语音信箱，请留下您的口信。",
    ),
    "assistant": (
        "您好，我是机主的智能助理，请问您有什么事？",
        "您好，机主现在不方便接听电话，我是他的电话助理，请问您找他有什么事？", "您好，这里是来电秘书服务，机主正在忙。",
    ),
    "screening": ("您好，请说明来电目的，我会转告机主。", "您好，我是来电防骚扰助理，请说明您的身份和来意。"),
    "person": ("喂？", "喂，你好。", "你好，哪位？", "喂，您好，请问是哪位？", "喂，我在开会，等一下打给你。"),
}  # fmt: skip


def render(command: list[str], path: Path) -> Pcm:
    subprocess.run(command, check=True, capture_output=True)
    pcm = read_wav(path).astype(float)
    loud: Pcm = (pcm / max(1.0, float(np.abs(pcm).max())) * 9000).astype(np.int16)
    return loud


def english(text: str, voice: str, folder: Path) -> Pcm:
    if shutil.which("flite") is None:
        pytest.skip("flite is not installed")
    path = folder / f"{abs(hash((text, voice)))}.wav"
    return render(["flite", "-voice", voice, "-t", text, "-o", str(path)], path)


def mandarin(text: str, voice: str, folder: Path) -> Pcm:
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    path = folder / f"{abs(hash((text, voice)))}.wav"
    return render(["espeak-ng", "-v", voice, "-s", "230", "-w", str(path), text], path)


def with_beep(label: str, pcm: Pcm) -> list[tuple[str, Pcm]]:
    return [(label, pcm), (f"{label}+beep", np.concatenate([pcm, BEEP]))] if label == "voicemail" else [(label, pcm)]


def judge(results: list[tuple[str, Found]], name: str) -> float:
    """The share of machines that were found; prints the table."""
    machines = [found.verdict != "human" for label, found in results if label != "person"]
    share = sum(machines) / max(1, len(machines))
    sys.stdout.write(f"\n{name}: {share:.1%} of {len(machines)} machines found\n{table(results)}\n")
    return share


def people(results: list[tuple[str, Found]]) -> set[str]:
    return {found.verdict for label, found in results if label == "person"}


@pytest.mark.timeout(1800 if EVERYTHING else 600)
def test_english_greetings_with_words(tmp_path: Path) -> None:
    """The recogniser takes its time, so every second voicemail and person does for every day."""
    listener = Listener("en", Path())
    results = []
    for voice in FLITE:
        for kind, texts in ENGLISH.items():
            for text in texts if EVERYTHING or kind in ("screening", "assistant") else texts[1::2]:
                pcm = english(text, voice, tmp_path)
                for label, heard in with_beep(kind, pcm) if EVERYTHING else [(kind, pcm)]:
                    results.append((label, listener.listen(heard)))
    assert judge(results, "English, all") >= 0.9
    assert people(results) == {"human"}
    screened = [found.verdict == "screening" for label, found in results if label in ("screening", "assistant")]
    assert sum(screened) / len(screened) >= 0.7


@pytest.mark.parametrize(("language", "people_too"), [("en", False), ("zh", True)])
def test_greetings_by_length_and_beep_alone(language: Language, people_too: bool, tmp_path: Path) -> None:
    """In English a synthetic receptionist who greets for more than three seconds is taken for a machine without the words."""
    listener = Listener(language, None)
    texts, say, voices = (
        (ENGLISH, english, ("awb", "rms")) if language == "en" else (MANDARIN, mandarin, ("cmn", "cmn+f3"))
    )
    results = [
        (label, listener.listen(pcm))
        for voice in voices
        for kind, sentences in texts.items()
        for text in sentences
        for label, pcm in with_beep(kind, say(text, voice, tmp_path))
    ]
    assert judge(results, f"{language}, lengths and beep") >= 0.8
    if people_too:
        assert people(results) == {"human"}


@pytest.mark.shared
def test_recorded_people_are_people() -> None:
    """Every recording as the first words of a call, and again with another sentence after a pause."""
    paths = sorted(RECORDINGS.glob("*.wav"))
    if not paths:
        pytest.skip(f"no recordings in {RECORDINGS}")
    recordings = [read_wav(path) for path in paths]
    listener = Listener("zh", None)
    rng = np.random.default_rng(7)
    results = []
    for pcm in recordings:
        pause = np.zeros(int(rng.choice([0.55, 0.7, 1.0, 1.5]) * 8000), np.int16)
        then = recordings[int(rng.integers(len(recordings)))]
        results.append(("person", listener.listen(pcm)))
        results.append(("person", listener.listen(np.concatenate([pcm, pause, then]))))
    judge(results, "recorded people")
    assert people(results) == {"human"}


@pytest.mark.shared
@pytest.mark.timeout(1800 if EVERYTHING else 600)
def test_recorded_people_are_people_to_the_recogniser_too() -> None:
    paths = sorted(RECORDINGS.glob("*.wav"))[:: 1 if EVERYTHING else 24]
    models = Path(os.environ.get("CALLWRIGHT_SHARED", "../shared")) / "models"
    if not paths or not models.is_dir():
        pytest.skip(f"no recordings in {RECORDINGS}, or no Mandarin model in {models}")
    listener = Listener("zh", models)
    results = [("person", listener.listen(read_wav(path))) for path in paths]
    judge(results, "recorded people, with words")
    assert people(results) == {"human"}
