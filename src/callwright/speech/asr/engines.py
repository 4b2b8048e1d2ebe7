"""The engines of one vocabulary in one process, shared by its calls: each takes megabytes, and callers listen most of the time."""

from __future__ import annotations

from callwright.speech.asr.acoustic_model import AcousticModel
from callwright.speech.asr.engine import Engine
from callwright.speech.asr.own_folder import OwnFolder
from callwright.speech.asr.vocabulary_model import VocabularyModel

__all__ = ["PHONES", "Engines"]

PHONES = "phones"
"""Name of the search over a loop of bare phones: what any sound at all can be explained with."""


class Engines:
    """`whole`: for passes over a whole utterance, which are made one after the other; `lend` gives a live one for as long as a caller speaks.

    Nothing of a call stays in them: whoever uses one sets its context and its mean. Raises ModelError.
    """

    def __init__(self, vocabulary: VocabularyModel, acoustic: AcousticModel) -> None:
        self.vocabulary = vocabulary
        self.acoustic = acoustic
        self._folder = OwnFolder("callwright-asr-")
        self._idle: list[Engine] = []
        self.made = 0
        self.whole = self._make_whole()

    def lend(self) -> Engine:
        """A live engine; `take_back` when the utterance is over. After a fault it is not given back: nobody knows its state."""
        if self._idle:
            return self._idle.pop()
        self.made += 1
        return Engine(self.vocabulary, self.acoustic.live, self._folder.path, thorough=False)

    def take_back(self, engine: Engine) -> None:
        self._idle.append(engine)

    def prepare(self, phrases: tuple[str, ...]) -> None:
        """Make the language models of a context before it is needed: that of a new one takes a tenth of a second."""
        self.whole.expect(phrases)
        self.vocabulary.arpa(phrases, rare=self.vocabulary.tuning.live_rare)

    def renew(self) -> None:
        """After a fault: another engine for whole utterances."""
        self.whole = self._make_whole()

    def close(self) -> None:
        self._folder.close()

    def _make_whole(self) -> Engine:
        engine = Engine(self.vocabulary, self.acoustic.whole, self._folder.path, thorough=True)
        engine.engine.add_allphone_file(PHONES, None)
        return engine
