from pathlib import Path

from tests.training.sentiment.encoder import tiny
from training.sentiment.encoder import word_pieces


def test_each_text_gets_its_pieces_alone_whatever_the_file_says_of_length(tmp_path: Path) -> None:
    found = word_pieces.encode(tiny.pretrained(tmp_path).tokenizer, ["it broke again !", "", "unbelievable", "it x"])
    words = {word: tiny.FIRST_WORD + number for number, word in enumerate(tiny.WORDS)}
    expected = [["it", "broke", "again", "!"], [], ["un", "##believ", "##able"]]
    assert [ids.tolist() for ids in found[:3]] == [[words[word] for word in text] for text in expected]
    assert found[3].tolist() == [words["it"], tiny.FIRST_WORD - 1]
