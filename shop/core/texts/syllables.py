"""Tell Vietnamese syllables from slips of the keyboard: every onset with every rhyme that follows it.

The table is generated from the phonotactics of Vietnamese (Thompson, A Vietnamese Reference Grammar, 1987;
Đoàn Thiện Thuật, Ngữ âm tiếng Việt, 1977): common rhymes follow every onset, rare rhymes the onsets listed
beside them. It accepts somewhat more than dictionaries hold.
"""

from __future__ import annotations

from functools import cache

from shop.core.texts.folding import MarkedWord, fold, marked_word

_ONSETS = "- b c ch d đ g gi h kh l m n ng nh p ph qu r s t th tr v x".split()
# Rhymes that follow every onset.
_COMMON_RHYMES = (
    "a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âm ân âp ât âu ây"
    " e em en eo ep et ê ên êt êu i ich im in inh ip it iu o oc oi om on ong op ot"
    " ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt u uc ui um un ung up ut ư ưa ưc ưng"
    " ia iên iêt iêu ua uôi uôn uông uôc uôt ươi ươn ương ươc"
).split()
# Rhymes that follow only some onsets; "-" is none. After qu, the u of the rhyme is the onset's.
_RARE_RHYMES = {
    "âc": "- b c ch đ g gi h kh l n ng nh t th tr x qu",
    "âng": "b c ch d đ g h kh l m n ng nh r t tr v qu",
    "ec": "- b ch d đ h c kh l m n ng nh r s t th v x p",
    "eng": "- b ch c kh l m nh ph r s t th tr x h p qu",
    "êch": "- b ch d đ g h c kh l m n ng nh ph r t th tr v x s qu",
    "ênh": "- b ch d đ g h c kh l m n ng nh ph r s t th tr v x qu",
    "êm": "- b ch d đ g h c kh l m n ng nh r s t th tr v x",
    "êp": "b ch d đ g h c kh l m n ng nh ph r s t th v x",
    "êc": "- b c n h l",
    "iêc": "b c ch d đ g gi h l m n ng nh p r t th v x",
    "iêm": "- b c ch d đ gi h kh l n ng nh ph r s t th v x qu",
    "iêng": "- b c ch d đ g gi h kh l m n ng nh ph r s t th tr v x",
    "iêp": "- b c ch d đ g h kh l n ng nh ph r t th x",
    "oa": "- b ch d đ g gi h kh l m n ng nh ph r s t th tr v x p",
    "oac": "- ch d h kh l ng nh s t th x r",
    "oach": "- b đ h kh l ng nh s t x",
    "oai": "- b ch d đ g h kh l m ng nh ph r s t th tr v x",
    "oam": "- ng nh kh th x",
    "oan": "- b ch d đ g gi h kh l n ng nh r s t th tr v x",
    "oang": "- qu ch d đ g h kh l n ng nh r s t th x",
    "oanh": "- ch d đ h kh l ng nh s t th v x",
    "oao": "- kh m ng",
    "oap": "- ch ng th x",
    "oat": "- b ch d đ h kh l ng nh s t th tr x",
    "oay": "- ch d đ h kh l m ng nh s t th v x",
    "oăc": "- h kh l ng s",
    "oăm": "- kh ng s h",
    "oăn": "- b ch h kh l n ng nh s t th v x",
    "oăng": "- h kh l ng nh th v x",
    "oăt": "- b ch h kh l ng nh s t th v x",
    "oe": "- b ch d đ h kh l ng nh r s t th v x",
    "oen": "- ch d h kh l ng nh s t x",
    "oeo": "- kh l ng x",
    "oet": "- ch đ h kh l ng nh r s t x",
    "oem": "ng nh",
    "ooc": "- c m s r t b",
    "oong": "- b c ch g kh l nh x t s",
    "uân": "- ch d h kh l n ng nh s t th tr v x",
    "uâng": "kh",
    "uât": "- ch d h kh l ng nh s t th tr x",
    "uây": "- h kh l ng nh t x",
    "uê": "- ch d đ h kh l n ng nh s t th tr v x",
    "uêch": "- ch h kh ng t x",
    "uênh": "- ch d h kh l ng x",
    "uêu": "kh ng",
    "uôm": "- b c ch đ l m n nh r s t th tr v x",
    "uơ": "- h kh th v",
    "ưi": "c ch g h kh ng",
    "ưm": "- g h s",
    "ưn": "ch n s",
    "ưt": "- b c ch d đ g gi h l m n ng nh ph r s t th v x",
    "ưu": "- b c ch d đ g gi h kh l m n ng nh ph s t tr v x",
    "ươm": "- b c ch d đ g gi h kh l m n nh r s t tr x",
    "ươp": "- b c ch đ h kh l m n ng r t th x",
    "ươt": "- b d kh l m n ph r s t th tr v x",
    "ươu": "- b h kh r t g",
    "uy": "- ch d đ g h kh l m n ng nh ph r s t th tr v x b",
    "uya": "- gi kh l t th x",
    "uych": "- h l t x",
    "uyên": "- ch d đ g h kh l ng nh s t th tr v x r",
    "uyêt": "- ch d h kh l ng nh s t th tr x",
    "uyn": "- d l t đ",
    "uynh": "- đ h kh l ph x t",
    "uyp": "t",
    "uyt": "- b h l ng s t x th",
    "uyu": "kh ng t",
    "y": "- h c l m n s t th v b d đ",
}
# Spellings of rhymes without an onset: "iêng" is written yêng.
_WITHOUT_ONSET = {"iêm": "yêm", "iên": "yên", "iêng": "yêng", "iêt": "yêt", "iêu": "yêu"}
# Rhymes after qu that begin with its u, and those of its y.
_AFTER_QU = "y yên yêt ynh ych yt yu ôc ơ ơi ơn ơt ôi".split()
_NEVER_AFTER_QU = {"o", "ô", "u", "ư"}
_PLACE_NAMES = {"đăk", "ka", "kan", "kon", "kông", "lăk"}  # Bắc Kạn, Đắk Lắk, Kon Tum
_STOPS = ("c", "ch", "k", "p", "t")
_TONES_OF_STOPS = {0, 4, 5}  # not typed yet, sắc, nặng


def is_syllable(word: str) -> bool:
    """Whether the word, with its diacritics or typed without any, is a correct Vietnamese syllable."""
    typed = marked_word(word)
    if typed.letters.isascii() and not typed.tone:
        return fold(word) in _folded_syllables()
    return is_marked_syllable(typed)


def is_marked_syllable(typed: MarkedWord) -> bool:
    """Whether the letters are a syllable that can have the tone."""
    if typed.letters not in _syllables():
        return False
    return typed.tone in _TONES_OF_STOPS or not typed.letters.endswith(_STOPS)


@cache
def _syllables() -> frozenset[str]:
    """Every syllable with its vowel marks, without its tone."""
    syllables = {_spelled(onset, rhyme) for onset in _ONSETS for rhyme in _COMMON_RHYMES}
    for rhyme, onsets in _RARE_RHYMES.items():
        syllables |= {_spelled(onset, rhyme) for onset in onsets.split()}
    syllables |= {f"qu{rhyme}" for rhyme in _AFTER_QU}
    return frozenset(syllables | _PLACE_NAMES) - {""}


@cache
def _folded_syllables() -> frozenset[str]:
    return frozenset(fold(syllable) for syllable in _syllables())


def _spelled(onset: str, rhyme: str) -> str:
    """The syllable as it is written; empty if the onset never precedes the rhyme."""
    front = rhyme[0] in "eêiy"
    if onset == "-":
        return _WITHOUT_ONSET.get(rhyme, rhyme)
    if onset == "qu":
        return "" if rhyme[0] in _NEVER_AFTER_QU else f"qu{rhyme}"
    if onset == "gi" and rhyme[0] == "i":
        return f"g{rhyme}"
    if onset == "c" and front:
        return f"k{rhyme}"
    if onset in ("g", "ng") and front:
        return f"{onset}h{rhyme}"
    return f"{onset}{rhyme}"
