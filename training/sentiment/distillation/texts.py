"""All that the LSTMs read, laid out in one long row of ids."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from training.sentiment.distillation import phrases
from training.sentiment.distillation.corpus import Corpus, Ids, encoded
from training.sentiment.distillation.material import LONGEST_SENTENCE, SHORTEST_SENTENCE, Material, Pieces
from training.sentiment.distillation.out_of_fold import Logits, logits

CONTEXT: Final = 0.3
"""The weight of a review's logit in the target of its sentences. Of the sentences of
:mod:`training.sentiment.evaluation.short_texts`, the assistants' logits alone get 0.860 right, the logits of the
reviews alone 0.860, and the weighted sum 0.912."""


@dataclass(frozen=True)
class StudentTexts:
    """The ids, and where in them the texts are.

    Attributes:
        ids: The ids: of all reviews, then of all phrases.
        documents: Where the reviews are, the labelled first; no targets yet.
        sentences: Where the sentences are that are neither too short nor too long.
        document_of: The review of each sentence, shape (sentences,).
        phrases: Where the phrases are, with targets.
    """

    ids: Ids
    documents: Pieces
    sentences: Pieces
    document_of: NDArray[np.intp]
    phrases: Pieces

    @classmethod
    def of(cls, corpus: Corpus) -> "StudentTexts":
        """Lay out the labelled and the unlabelled reviews of a corpus, and the phrases."""
        read = [*corpus.documents["reviews"], *corpus.documents["unlabelled"]]
        texts, targets = zip(*phrases.labelled(), strict=True)
        spelt = [encoded(corpus.tokenizer, text) for text in texts]
        rows = [*(one.ids for one in read), *spelt]
        lengths = np.array([len(row) for row in rows])
        starts = np.cumsum(lengths) - lengths
        document_of = np.repeat(np.arange(len(read)), [len(one.bounds) - 1 for one in read])
        begin = np.concatenate([one.bounds[:-1] for one in read]) + starts[document_of]
        length = np.concatenate([np.diff(one.bounds) for one in read])
        fit = (length >= SHORTEST_SENTENCE) & (length <= LONGEST_SENTENCE)
        count = len(read)
        return cls(
            np.concatenate(rows),
            Pieces.at(starts[:count], lengths[:count]),
            Pieces.at(begin[fit], length[fit]),
            document_of[fit],
            Pieces(starts[count:], lengths[count:], np.array(targets, np.float32)),
        )

    def material(self, targets: NDArray[np.float64], sentences: Logits | None) -> Material:
        """Set the targets.

        Args:
            targets: Of each review, shape (documents,).
            sentences: The logit that assistants give each sentence alone, shape (sentences,); :data:`CONTEXT` times the
                logit of its review is added. Without assistants, each sentence has the target of its review.
        """
        of_document = targets[self.document_of]
        of_sentence = of_document if sentences is None else expit(sentences + CONTEXT * logits(of_document))
        return Material(
            self.ids, self.documents.with_targets(targets), self.sentences.with_targets(of_sentence), self.phrases
        )
