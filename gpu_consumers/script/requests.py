"""The words by which a video is asked for, taken off: what stays is what it should be about."""

from __future__ import annotations

import re

_KINDS = (
    r"(?:video|short|clip|reel|tiktok|explainer|script|summary|introduction|intro|tutorial|documentary|overview|guide|"
    r"story|tale|fairy tale|bedtime story|joke|film|movie|content|post|piece|lesson|ad|advert|commercial|"
    r"hot take|rant|poem|quote|speech|meme|monologue|advice)s?"
)
_LINKS = (
    r"(?:about|on|of|for|explaining|showing|that explains|that shows|to explain|covering|in which|where|how|why|"
    r"describing|with)"
)
#: `a story for small children about …`: whom it is for, where what it is about follows.
_FOR = r"(?:\s+for\s+(?:[\w'-]+\s+){0,3}?[\w'-]+(?=\s+(?:about|on)\s))?"
_ASIDE = r"(?:\s+(?:new|else|more|different|interesting|fun|cool|funny|weird))?"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


#: Taken off the start, again and again, while any of them fits: first orders, then wordings that a title may keep.
_ORDERS = (
    _pattern(r"^(?:please|hey|hi|hello|ok|okay|so|well)[,!]?\s+"),
    _pattern(r"^(?:can|could|would|will) you\s+(?:please\s+)?"),
    _pattern(r"^(?:i(?: would|'d)? (?:want|like|need)(?: you)?(?: to)?|let's|we need|i'd love)\s+"),
    _pattern(r"^ask (?:me|us) (?:anything|something|everything) (?:about|on)\s+"),
    _pattern(
        r"^(?:tell|show|teach|give|send) (?:me|us) (?:something|anything|one thing|a thing|a fact|things|facts) "
        r"(?:that )?(?:i|we|people|most people|nobody|no one)\b.{0,30}? (?:know|knew|heard) (?:of|about)\s+"
    ),
    _pattern(
        r"^(?:make|create|generate|write|produce|give|show|do|film|record|tell|send|get|see|have|craft|design|draft|want)"
        rf"\s+(?:me\s+|us\s+)?(?:(?:a|an|the|another|one|some)\s+)?(?:[\w-]+\s+){{0,3}}?(?:{_KINDS}|something|everything)"
        rf"\b{_ASIDE}(?:\s+(?:video|script|clip|short))?{_FOR}\s*{_LINKS}?[:,]?\s+"
    ),
    _pattern(
        r"^(?:explain|describe|teach|talk|discuss|introduce|cover|present|tell|show|explore|summari[sz]e|examine|speak|"
        r"learn about|know about)(?!\s+(?:me|us)\s+to\b)(?:\s+(?:to\s+)?(?:me|us|everyone))?"
        r"(?:\s+(?:about|something about|more about|more on))?(?:\s+(?:the (?:topic|concept|idea) of))?[:,]?\s+"
    ),
    _pattern(r"^(?:give|tell|show|send|name|list|share|sing|play|read|draw|paint|bring|find)\s+(?:me|us)\s+"),
    _pattern(
        r"^(?:promote|advertise|market(?! (?:shares?|prices?|caps?|research|crash|crashes|economy|economies|days?)\b)|"
        r"announce|celebrate|compare|rank|rate|debate|debunk)(?! of\b)\s+"
    ),
)
_WORDINGS = (
    _pattern(
        rf"^(?:(?:a|an|the|another|one|my)\s+)?(?:[\w-]+\s+){{0,2}}?{_KINDS}{_FOR}\s+"
        r"(?:about|on|explaining|that explains)\s+"
    ),
    _pattern(
        r"^(?:(?:the\s+)?(?:basics|concept|idea|topic|story) of|(?:some|any|more|fun|interesting|random|cool)?\s*"
        r"(?:facts?|things?|info(?:rmation)?|trivia|more|something(?: new| else| interesting)?|all|everything)"
        r" (?:about|on)|about)\s+"
    ),
    _pattern(
        r"^(?:(?:a|an|the|my|your)\s+)?(?:(?:quick|short|brief|complete|simple|honest|full|little|"
        r"\w+[- ](?:second|minute))\s+)?(?:recap|summary|"
        r"overview|rundown|breakdown|primer|introduction|intro|crash course|deep dive)\s+(?:of|to|on|in|into)\s+"
    ),
    _pattern(r"^behind the scenes (?:of|at|in|with)\s+"),
    _pattern(r"^meet\s+(?=(?:my|our)\s)"),
    _pattern(r"^(?:a\s+|one\s+)?(?:(?:typical|normal|whole)\s+)?day in (?=the life of\s)"),
    _pattern(r"^(?:the\s+)?(?:(?:whole|plain|real|hidden)\s+)?truth (?:about|behind)\s+"),
    _pattern(r"^did you know(?:\s+(?:this|that|these|\w+ things|anything|something))?(?:\s+facts?)?\s+(?:about|on)\s+"),
    _pattern(
        r"^what (?:most people|everyone|everybody|people|nobody|no one|you|we|i)"
        r" (?:gets?|got|tells? you|knows?|should know|needs? to know|wish \w+ knew|learned|"
        r"(?:did not|didn't|do not|don't|doesn't|never) (?:know|knew))(?: wrong)? about\s+"
    ),
    _pattern(
        r"^what (?:changed|happened|happens) (?:when|after) (?:i|we|you) (?:paid attention to|looked at|looked into)\s+"
    ),
    _pattern(r"^(?:the\s+)?things (?:nobody|no one|everyone|they|people|i|you|we)\b.{0,40}? about\s+"),
)
_HARD = _pattern(r"^why (.+?) (?:is|are|can be|feels?) (?:so )?(?:hard|difficult)(?:,? and (?:what helps|how to .+))$")
_AUDIENCE = _pattern(
    r",?\s+(?:to (?:a|my|an) (?:child|kid|toddler|beginner|teen(?:ager)?|student|layman|"
    r"grandma|grandmother|grandpa|friend)|"
    r"to (?:a|my|an)? ?(?:five|5|six|ten|10|\w+)[- ]year[- ]olds?|like i'?m (?:five|5)|"
    r"in simple (?:terms|words)|in (?:\d+|thirty|sixty) seconds|in (?:a|one|1|\d+) minutes?|please|to me|"
    r"(?:for|on) (?:tiktok|instagram|youtube|reels|shorts))\s*[.!]?$"
)
#: Whom something is to be explained to, where nothing but a listener can be meant.
_LISTENER = _pattern(
    r"^(explain\b.+?) to (?:a|an|my|our|your) (?:[\w-]+ )?(?:dog|cat|pet|goldfish|hamster|boss|mom|mum|mother|"
    r"dad|father|parents|wife|husband|son|daughter|brother|sister|nephew|niece|neighbou?r|class|teacher|robot|alien|baby|"
    r"caveman|martian|time traveler|pirate)\s*[.!?]?$"
)
_WITH_US = _pattern(
    r"^((?:learn|cook|bake|build|draw|paint|study|plan|clean|pack|make|read|write|train|knit|sew)\b.+?) with (?:me|us)$"
)
_MANNER = _pattern(
    r",?\s+(?:simply|for (?:beginners|kids|children|dummies)|step by step|explained|with a (?:\w+ )?twist)\s*[.!]?$"
)
#: What a prompt says about the archetype it would like.
_HINTS = (
    ("myth-vs-fact", _pattern(r"\b(?:myths?|misconceptions?|is it true|debunk\w*|really true|get wrong about)\b")),
    ("story-twist", _pattern(r"\b(?:(?<!success )story(?! of)|tale|once upon a time|fairy tale|legend of)\b")),
    (
        "problem-solution",
        _pattern(r"^why .+ (?:can be|is|are) (?:so )?(?:hard|difficult), and\b|^(?:the )?problem with\b"),
    ),
    (
        "hot-take",
        _pattern(
            r"\b(?:hot take|unpopular opinion|overrated|underrated|better than|worse than|is dead|belongs? (?:on|in)|"
            r"should be (?:banned|illegal)|nobody needs)\b"
        ),
    ),
    (
        "testimonial",
        _pattern(
            r"^(?:i (?:tried|used to|quit|stopped|switched)|my (?:experience|review)|"
            r"what (?:changed|happened) when i)\b|"
            r"\bchanged my life\b"
        ),
    ),
    ("how-to", _pattern(r"\b(?:tutorial|guide) (?:to|for|on)\b")),
    ("explainer", _pattern(r"^explain\b(?!.*\bhow to\b)")),
)


#: Wishes that name nothing, and what they come to.
_MOODS = (
    (
        _pattern(r"^(?:cheer|pick|perk|lift) (?:me|us) up$|^make (?:me|us) (?:happy|feel (?:better|good))$"),
        "feel better",
    ),
    (_pattern(r"^make (?:me|us) (?:laugh|smile)$"), "laugh more"),
    (_pattern(r"^(?:inspire|motivate|encourage) (?:me|us)$"), "get going"),
    (_pattern(r"^(?:calm (?:me|us)(?: down)?|relax me)$"), "calm down"),
    (_pattern(r"^(?:surprise|amaze|entertain|impress) (?:me|us)$|^i(?:'m| am)(?: so)? bored$"), "surprise yourself"),
)


def mood(text: str) -> str | None:
    """What to do, for a prompt that asks for nothing but a mood: `cheer me up` → `feel better`."""
    return next((action for pattern, action in _MOODS if pattern.match(text.rstrip(" .!?"))), None)


def hint(text: str) -> str | None:
    """The archetype that the wording asks for."""
    return next((archetype for archetype, pattern in _HINTS if pattern.search(text)), None)


def bare(text: str) -> str:
    """The prompt without request, audience and end mark; the prompt itself where nothing would be left."""
    told = _LISTENER.sub(r"\1", text)
    left = _HARD.sub(r"\1", _stripped(told, (*_ORDERS, *_WORDINGS)).rstrip("?.!"))
    left = _MANNER.sub("", _AUDIENCE.sub("", left)).strip(" .,:;?!")
    return _WITH_US.sub(r"\1", left) or text


def heading(text: str) -> str:
    """The prompt as a title: only orders to make a video, and for whom, are taken off."""
    return _AUDIENCE.sub("", _stripped(_LISTENER.sub(r"\1", text), _ORDERS)).strip(" .,:;") or text


def _stripped(text: str, patterns: tuple[re.Pattern[str], ...]) -> str:
    left, before = text, ""
    while left != before:
        before = left
        for pattern in patterns:
            rest = _rest(left, pattern)
            left = rest if len(rest) > 1 else left
    return left


def _rest(text: str, pattern: re.Pattern[str]) -> str:
    """The text after what the pattern takes; a question word that it swallowed is given back."""
    match = pattern.match(text)
    if not match:
        return text
    taken = match[0].split()
    last = taken[-1].lower() if taken else ""
    return (f"{last} " if last in ("how", "why") else "") + text[match.end() :]
