"""Enough English morphology to put other people's words into sentences: plurals, verb forms, articles."""

from __future__ import annotations

import re

from gpu_consumers.script.lexicon import PREPOSITIONS, RELATIVES, known

_PLURALS = {"child": "children", "goose": "geese", "man": "men", "mouse": "mice", "tooth": "teeth", "foot": "feet",
            "woman": "women", "person": "people", "wolf": "wolves", "knife": "knives", "leaf": "leaves",
            "vulture": "vultures", "sheep": "sheep", "squid": "squid", "shrimp": "shrimp", "fish": "fish",
            "jellyfish": "jellyfish", "goldfish": "goldfish", "aircraft": "aircraft", "spaceship": "spaceships",
            "ox": "oxen", "cactus": "cacti", "hero": "heroes", "superhero": "superheroes", "potato": "potatoes",
            "echo": "echoes", "volcano": "volcanoes", "mosquito": "mosquitoes", "tomato": "tomatoes",
            "tornado": "tornadoes", "octopus": "octopuses", "life": "lives", "wife": "wives", "shelf": "shelves",
            "nebula": "nebulae", "housewife": "housewives", "elf": "elves", "half": "halves", "thief": "thieves",
            "calf": "calves", "loaf": "loaves", "snowman": "snowmen", "mango": "mangoes"}  # fmt: skip
_PLURAL_FORMS = frozenset(_PLURALS.values()) | {"people", "police", "cattle", "data", "media"}
_SINGULAR_S = frozenset(
    ["physics", "mathematics", "maths", "economics", "politics", "news", "gas", "bus", "ethics", "athletics", "chess",
     "aerobics", "genetics", "electronics", "linguistics", "statistics", "mars", "paris", "texas", "tennis", "lens",
     "gymnastics", "robotics", "acoustics", "thermodynamics", "mechanics", "logistics", "diabetes", "alps", "always",
     "james", "wales", "atlas", "canvas", "christmas", "bias", "pancreas", "kubernetes", "netherlands", "windows",
     "analytics", "graphics", "herpes", "rabies", "series", "species", "its", "his", "this", "us", "yes", "chaos", "cosmos"]
)  # fmt: skip
_PAST = {"be": "was", "become": "became", "begin": "began", "bite": "bit", "blow": "blew", "break": "broke", "bring": "brought",
         "build": "built", "burn": "burned", "buy": "bought", "catch": "caught", "choose": "chose", "come": "came",
         "cut": "cut", "die": "died", "dig": "dug", "do": "did", "draw": "drew", "drink": "drank", "drive": "drove",
         "eat": "ate", "fall": "fell", "feel": "felt", "fight": "fought", "find": "found", "fly": "flew",
         "forget": "forgot", "freeze": "froze", "get": "got", "give": "gave", "go": "went", "grow": "grew",
         "have": "had", "hear": "heard", "hide": "hid", "hit": "hit", "hold": "held", "keep": "kept", "know": "knew",
         "lead": "led", "leave": "left", "lose": "lost", "make": "made", "mean": "meant", "meet": "met", "pay": "paid",
         "put": "put", "quit": "quit", "read": "read", "ride": "rode", "ring": "rang", "rise": "rose", "run": "ran",
         "say": "said", "see": "saw", "sell": "sold", "send": "sent", "shake": "shook", "shine": "shone",
         "shoot": "shot", "shrink": "shrank", "shut": "shut", "sing": "sang", "sink": "sank", "sit": "sat",
         "sleep": "slept", "speak": "spoke", "spend": "spent", "spin": "spun", "split": "split", "spread": "spread",
         "stand": "stood", "steal": "stole", "stick": "stuck", "sting": "stung", "strike": "struck", "swim": "swam",
         "swing": "swung", "take": "took", "teach": "taught", "tear": "tore", "tell": "told", "think": "thought",
         "throw": "threw", "understand": "understood", "wake": "woke", "wear": "wore", "win": "won",
         "write": "wrote", "arise": "arose", "beat": "beat", "bend": "bent", "breed": "bred", "cost": "cost",
         "deal": "dealt", "feed": "fed", "forgive": "forgave", "hurt": "hurt", "lay": "laid", "let": "let",
         "rebuild": "rebuilt", "seek": "sought", "set": "set", "sweep": "swept", "weep": "wept"}  # fmt: skip
_DOUBLING = re.compile(r"^[^aeiou]*[aeiou][bdgklmnprt]$")
_VOWEL_SOUND = re.compile(r"^(?:[aeiou]|hour|honest|honou?r|heir)", re.IGNORECASE)
_CONSONANT_SOUND = re.compile(
    r"^(?:uni(?!n)|use|usu|ut[aei]|eu|one\b|once|ufo|ubiq|uk\b|us\b|usb|uv\b|u\b)", re.IGNORECASE
)


def plural(noun: str) -> str:
    """`volcano` → `volcanoes`. Only for regular words and those of the list."""
    if noun in _PLURALS:
        return _PLURALS[noun]
    if re.search(r"(s|x|z|ch|sh)$", noun):
        return noun + "es"
    return re.sub(r"([^aeiou])y$", r"\1ie", noun) + "s"


def head(phrase: str) -> tuple[int, str]:
    """(index, word) of the noun that rules a noun phrase: the last before a preposition or a relative clause."""
    words = phrase.split()
    stop = next((i for i, w in enumerate(words) if i and w.lower() in PREPOSITIONS | RELATIVES), len(words))
    return stop - 1, words[stop - 1]


def is_plural(phrase: str) -> bool:
    """Whether a noun phrase takes `are`."""
    words = phrase.lower().split()
    if len(words) > 2 and "and" in words[1:-1] and words[0] != "the":
        return True
    noun = head(phrase)[1].lower()
    if words[0] in ("a", "an", "this", "that", "every", "each") or noun in _SINGULAR_S:
        return False
    return noun in _PLURAL_FORMS or bool(re.search(r"[^su'i]s$|[^s]ies$", noun))


def third(verb: str) -> str:
    """`float` → `floats`."""
    if verb in ("have", "be"):
        return {"have": "has", "be": "is"}[verb]
    if re.search(r"(s|x|z|ch|sh|o)$", verb):
        return verb + "es"
    return re.sub(r"([^aeiou])y$", r"\1ie", verb) + "s"


def past(verb: str) -> str:
    """`fall` → `fell`."""
    if verb in _PAST:
        return _PAST[verb]
    if verb.endswith("e"):
        return verb + "d"
    if _DOUBLING.match(verb):
        return verb + verb[-1] + "ed"
    return re.sub(r"([^aeiou])y$", r"\1i", verb) + "ed"


def gerund(verb: str) -> str:
    """`make` → `making`."""
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "ye", "oe")) and verb != "be":
        return verb[:-1] + "ing"
    doubled = _DOUBLING.match(verb) or verb in ("begin", "admit", "commit", "forget", "control", "quit", "regret")
    return verb + (verb[-1] if doubled and not verb.endswith(("x", "w", "y")) else "") + "ing"


def singular_verb(word: str) -> str | None:
    """The base form of `floats`, `has`, `goes`; None where it is none of a known verb."""
    if word == "has":
        return "have"
    for ending, replacement in (("ies", "y"), ("es", ""), ("s", "")):
        base = word[: -len(ending)] + replacement
        if word.endswith(ending) and base in known("verbs") and base != "be":
            return base
    return None


def base_verb(word: str) -> str | None:
    """The base form of a verb in the past or the present; None where it is none that is known."""
    token = word.lower()
    if token in known("verbs"):
        return token
    irregular = next((base for base, form in _PAST.items() if form == token), None)
    regular = next((token[:-cut] for cut in (1, 2, 3) if token.endswith("ed") and token[:-cut] in known("verbs")), None)
    return irregular or regular


def article(word: str) -> str:
    """`a` or `an`, by the sound of what follows."""
    if word.isupper() and len(word) > 1:  # initials are spelled: an MRI, a GPU; NASA is said as a word
        return "an" if word[0] in "AEFHILMNORSX" and word not in ("NASA", "RAM", "ROM", "LED") else "a"
    return "an" if _VOWEL_SOUND.match(word) and not _CONSONANT_SOUND.match(word) else "a"


def mend_articles(text: str) -> str:
    """`a owl` → `an owl`, `an ship` → `a ship`."""
    return re.sub(r"\b([Aa])n? (?=([\w'-]+))", lambda m: f"{_cased(article(m[2]), m[1])} ", text)


def _cased(word: str, like: str) -> str:
    return word.capitalize() if like.isupper() else word


def sentence_case(text: str) -> str:
    """The first letter, past any quotation mark, in upper case."""
    return re.sub(r"^([\"'“‘(]*)([a-zà-ÿ])", lambda m: m[1] + m[2].upper(), text)
