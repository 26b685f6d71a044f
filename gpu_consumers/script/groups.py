"""The grammar's groups: which lines suit a topic."""

from __future__ import annotations

from gpu_consumers.script.english import head
from gpu_consumers.script.lists import picked
from gpu_consumers.script.topic import Topic

_GOALS = frozenset(["tips", "ways", "habits", "hacks", "tricks", "steps", "rules", "strategies", "methods",
                    "mistakes", "exercises", "principles", "techniques"])  # fmt: skip
_ANGLES = frozenset(
    ["things", "facts", "truths", "secrets", "questions", "lessons", "myths", "signs", "stories", "thoughts"]
)
#: A text with one of these tells what happened to somebody.
_PEOPLE = frozenset(["i", "my", "we", "our", "she", "he", "her", "his"])
_ABOUT_SOMEONE = frozenset(["who", "when", "where", "which", "whose"])
#: Those who buy something there go there.
_PLACES = frozenset(
    """shop café cafe bakery bar pub restaurant diner bistro pizzeria studio gym salon barber hotel hostel museum
    gallery library bookshop bookstore store market cinema theatre theater club school garden park farm spa clinic
    workshop church festival""".split()
)
_HARD = frozenset(
    """died dead dies dying death lonely alone anxious sad afraid scared lost lose broke broken tired exhausted stressed
    miss missing grief grieving cry crying cried hurt hurts failed fail fired sick ill nervous worried depressed
    overwhelmed hate burned burnt divorce divorced ashamed angry empty stuck hopeless rejected betrayed left cancer
    can't struggling struggle panic bullied abused robbed homesick guilty jealous bored""".split()
)
_GLAD = frozenset(
    """finally won win got proud happy passed finished love loved excited engaged married born graduated made ran
    learned found grateful thankful best first promoted moved bought survived quit sober free""".split()
)


def groups(topic: Topic) -> tuple[str, ...]:
    """The grammar's groups for a topic, the most fitting first."""
    if topic.kind == "question" and topic.question:
        word = topic.question.split()[0]
        return (
            "who" if word in _ABOUT_SOMEONE else word if word in ("why", "how", "what") else "whether",
            "question",
            "any",
        )
    if topic.kind == "list" and topic.items:
        return ("questions", "angles", "any") if topic.wants_facts else (_items_group(topic), "list", "any")
    if topic.kind == "product":
        return (*_sold(topic), "any")
    if topic.kind == "moment":
        return (*_weather(topic), "moment", "any")
    if topic.kind == "facts":
        return (*_facts_groups(topic), "any")
    return (topic.kind, "any")


def _weather(topic: Topic) -> tuple[str, ...]:
    """Whether what somebody tells of themselves is hard or glad, as far as a word says so."""
    words = {word.strip(".,;:!?").lower() for word in (topic.claim or "").split()}
    return ("hard",) if words & _HARD else ("glad",) if words & _GLAD else ()


def _sold(topic: Topic) -> tuple[str, ...]:
    """What is advertised: somewhere to go, or a thing, described or only named."""
    described = ("described",) if topic.what else ()
    place = ("place",) if head(topic.what or topic.about)[1].lower() in _PLACES else ()
    return (*described, *place, "product")


def _facts_groups(topic: Topic) -> tuple[str, ...]:
    if topic.archetype == "story-twist":
        return ("story",)
    if topic.product:
        return _sold(topic)
    if not topic.announced and _PEOPLE & {word.lower() for fact in topic.facts for word in fact.split()}:
        return ("told",)
    return ("question" if topic.question else "action" if topic.action else "compare" if topic.pair else "any",)


def _items_group(topic: Topic) -> str:
    """What the items of a list are: advice, reasons, angles on a subject, or things to choose from."""
    word = (topic.items or "").split()[-1].lower()
    if word in ("reasons", "benefits", "arguments"):
        return "reasons"
    if picked(topic.items or "", topic.heading or ""):
        return "picks"
    if word in _ANGLES:
        return "angles"
    if topic.action:
        return "action"
    return "goal" if word in _GOALS and " for " in f"{topic.heading} " else "angles" if word in _GOALS else "picks"
