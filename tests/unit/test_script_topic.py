"""What a prompt is about, for every kind of prompt."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpu_consumers.script.english import article, gerund, is_plural, mend_articles, past, plural, third
from gpu_consumers.script.groups import groups
from gpu_consumers.script.slots import key
from gpu_consumers.script.understanding import understand


@pytest.mark.parametrize(
    ("prompt", "kind", "about", "subject"),
    [
        ("Why do cats purr?", "question", "cats", "cats"),
        ("why is the sky blue", "question", "the sky", "sky"),
        ("Why does ice float on water?", "question", "ice", "ice"),
        ("What is quantum entanglement?", "question", "quantum entanglement", "quantum entanglement"),
        ("Is coffee bad for you?", "question", "coffee", "coffee"),
        ("How big is the universe", "question", "the universe", "universe"),
        ("How heavy is a black hole?", "question", "a black hole", "black hole"),
        ("why do i procrastinate", "question", "procrastinating", "procrastinating"),
        ("why do I always procrastinate", "question", "procrastinating", "procrastinating"),
        ("How to make sourdough", "action", "making sourdough", "sourdough"),
        ("Learn Python in 30 days", "action", "learning Python in 30 days", "python"),
        ("How can I stop procrastinating?", "action", "stopping procrastinating", "procrastinating"),
        ("HOW TO TRAIN YOUR CAT", "action", "training your cat", "cat"),
        ("How to not kill a cactus", "action", "avoiding killing a cactus", "killing a cactus"),
        ("How to never forget a name", "action", "never forgetting a name", "name"),
        ("5 ways to not be late", "list", "avoiding being late", "being late"),
        ("Why did my sourdough not rise?", "question", "your sourdough", "sourdough"),
        ("5 tips for better sleep", "list", "better sleep", "better sleep"),
        ("Top 10 cities in Japan", "list", "cities in Japan", "cities in japan"),
        ("3 reasons to learn Rust", "list", "learning Rust", "rust"),
        ("Three things worth knowing about volcanoes", "list", "volcanoes", "volcanoes"),
        ("Give me 3 facts about octopuses", "list", "octopuses", "octopuses"),
        ("5 signs your houseplant is dying", "list", "your houseplant", "houseplant"),
        ("top 3 mistakes new parents make", "list", "new parents", "new parents"),
        ("5 foods dentists never eat", "list", "dentists", "dentists"),
        ("3 signs he likes you", "list", "signs he likes you", "signs he likes you"),
        ("Two minutes of calm", "topic", "two minutes of calm", "two minutes of calm"),
        ("Explain quantum entanglement to my dog", "topic", "quantum entanglement", "quantum entanglement"),
        ("Tell me something I don't know about octopuses", "topic", "octopuses", "octopuses"),
        ("The day my grandmother met Elvis", "claim", "your grandmother", "grandmother"),
        ("The first time I saw the sea", "claim", "the sea", "sea"),
        ("the time of your life is now", "claim", "the time of your life", "time of your life"),
        ("the day after tomorrow", "topic", "the day after tomorrow", "day after tomorrow"),
        ("Do you remember the days when phones had cords?", "claim", "phones", "phones"),
        ("tiny houses: pros and cons", "topic", "tiny houses", "tiny houses"),
        ("Rome: why did it fall?", "question", "Rome", "rome"),
        ("Naples: how pizza was born", "question", "pizza", "pizza"),
        ("learn Spanish with me: ordering food", "action", "learning Spanish", "spanish"),
        ("Quick recap of World War 1", "topic", "World War 1", "world war 1"),
        ("Once upon a time in Naples", "topic", "Naples", "naples"),
        ("once upon a time there was a shy dragon", "claim", "a shy dragon", "shy dragon"),
        ("if you only read one book this year", "topic", "one book this year", "one book this year"),
        ("Meet my new puppy Bruno", "topic", "your new puppy Bruno", "new puppy bruno"),
        (
            "Stop scrolling and drink water",
            "action",
            "stopping scrolling and drinking water",
            "scrolling and drink water",
        ),
        ("Ask me anything about sharks", "topic", "sharks", "sharks"),
        ("10 second summary of Hamlet", "topic", "Hamlet", "hamlet"),
        ("Things to do in Lisbon on a rainy day", "list", "Lisbon on a rainy day", "lisbon on a rainy day"),
        ("7 places to see before you die", "list", "places to see before you die", "places to see before you"),
        ("If Shakespeare had TikTok", "scenario", "Shakespeare", "shakespeare"),
        ("remember to drink water", "action", "drinking water", "water"),
        ("Tabs vs spaces", "compare", "tabs and spaces", "tabs and spaces"),
        ("coffee or tea?", "compare", "coffee and tea", "coffee and tea"),
        ("Hot take: pineapple belongs on pizza", "claim", "pineapple", "pineapple"),
        ("is it true that goldfish have a three second memory?", "claim", "goldfish", "goldfish"),
        ("My dog ate my homework", "moment", "your dog", "dog"),
        ("POV: you're the last person on Earth", "scenario", "the last person on Earth", "last person on earth"),
        ("What if the moon disappeared?", "scenario", "the moon", "moon"),
        ("Tell me a story about a dragon who is afraid of fire", "story", "a dragon who is afraid of fire", "dragon"),
        ("Explain black holes to a five year old", "topic", "black holes", "black holes"),
        ("Make a funny video about office life", "topic", "office life", "office life"),
        ("What most people get wrong about sleep", "topic", "sleep", "sleep"),
        ("A short story about black holes with a twist", "topic", "black holes", "black holes"),
        ("Tell me about the Great Wall of China", "topic", "the Great Wall of China", "great wall of china"),
        ("Ada Lovelace", "topic", "Ada Lovelace", "ada lovelace"),
        ("Best pizza in Naples", "topic", "the best pizza in Naples", "best pizza in naples"),
        ("cat", "topic", "cats", "cats"),
        ("bitcoin", "topic", "Bitcoin", "bitcoin"),
        ("🐱", "topic", "cats", "cats"),
        ("?!", "topic", "this feeling", "feeling"),
    ],
)
def test_a_prompt_is_understood(prompt: str, kind: str, about: str, subject: str) -> None:
    topic = understand(prompt)
    assert (topic.kind, topic.about, topic.subject) == (kind, about, subject)


@pytest.mark.parametrize(
    ("question", "clause"),
    [
        ("Why do cats purr?", "why cats purr"),
        ("Why is the sky blue?", "why the sky is blue"),
        ("Why does ice float on water?", "why ice floats on water"),
        ("Why did Rome fall?", "why Rome fell"),
        ("Why don't fish drown?", "why fish don't drown"),
        ("Why did my bread not rise?", "why your bread did not rise"),
        ("Why do cats always land on their feet?", "why cats always land on their feet"),
        ("Why does my cat never purr?", "why your cat never purrs"),
        ("Does bread only rise at home?", "whether bread only rises at home"),
        ("How heavy is a black hole?", "how heavy a black hole is"),
        ("How do airplanes fly?", "how airplanes fly"),
        ("How long do whales live?", "how long whales live"),
        ("Can dogs see colour?", "whether dogs can see colour"),
        ("Should I learn Python?", "whether you should learn Python"),
        ("What happens when you die in space?", "what happens when you die in space"),
        ("What is love?", "what love is"),
    ],
)
def test_a_question_becomes_a_clause(question: str, clause: str) -> None:
    assert understand(question).clause == clause


@pytest.mark.parametrize(
    ("prompt", "question", "about", "title"),
    [
        ("how volcanoes erupt", "how do volcanoes erupt", "volcanoes", "How volcanoes erupt"),
        ("why cats purr", "why do cats purr", "cats", "Why cats purr"),
        ("how a car engine works", "how does a car engine work", "a car engine", "How a car engine works"),
        ("how cheese is made", "how is cheese made", "cheese", "How cheese is made"),
        ("how the pyramids were built", "how were the pyramids built", "the pyramids", "How the pyramids were built"),
        ("when dinosaurs lived", "when did dinosaurs live", "dinosaurs", "When dinosaurs lived"),
        ("why I love rain", "why do you love rain", "rain", "Why I love rain"),
        ("how many bees make honey", "how many bees make honey", "many bees", "How many bees make honey?"),
        ("how hot is lava", "how hot is lava", "lava", "How hot is lava?"),
    ],
)  # fmt: skip
def test_what_is_named_like_a_question_is_asked_in_the_order_of_one(
    prompt: str, question: str, about: str, title: str
) -> None:
    topic = understand(prompt)

    assert (topic.kind, topic.question, topic.about, topic.title) == ("question", question, about, title)


@pytest.mark.parametrize(
    ("prompt", "about"),
    [
        ("what would happen if the moon disappeared", "the moon"),
        ("What will happen when the ice caps melt?", "the ice caps"),
        ("what would happen if we stopped sleeping", "sleeping"),
        ("what would happen if everyone jumped at once", "jumping at once"),
        ("what happens if you never sleep", "never sleeping"),
        ("what happens when you die", "dying"),
        ("what happens to your body when you run", "your body"),
        ("what would the world look like without bees", "the world"),
        ("when will humans land on Mars", "landing on Mars"),
        ("what's the best programming language", "the best programming language"),
        ("what is the cat doing", "the cat"),
    ],
)
def test_a_question_is_about_what_it_names_or_supposes(prompt: str, about: str) -> None:
    assert ((topic := understand(prompt)).kind, topic.about) == ("question", about)


@pytest.mark.parametrize(
    ("prompt", "action"),
    [
        ("motivate me to go running", "go running"),
        ("convince me to quit sugar", "quit sugar"),
        ("teach me to juggle", "juggle"),
        ("roast my boss", "roast your boss"),
        ("cheer me up!", "feel better"),
        ("I'm bored", "surprise yourself"),
    ],
)
def test_a_wish_becomes_something_to_do(prompt: str, action: str) -> None:
    assert ((topic := understand(prompt)).kind, topic.action) == ("action", action)


@pytest.mark.parametrize(
    ("prompt", "about"),
    [
        ("best exercises for back pain", "the best exercises for back pain"),
        ("a day in the life of a lighthouse keeper", "the life of a lighthouse keeper"),
        ("sing me a lullaby", "a lullaby"),
        ("to kill a mockingbird", "to kill a mockingbird"),
        ("things I wish I knew at 20", "things you wish you knew at 20"),
    ],
)
def test_what_names_something_is_no_claim_and_no_order(prompt: str, about: str) -> None:
    assert ((topic := understand(prompt)).kind, topic.about) == ("topic", about)


@pytest.mark.parametrize(
    ("about", "shown"),
    [
        ("the best exercises for back pain", "best exercises"),
        ("the life of a lighthouse keeper", "life of a lighthouse keeper"),
        ("the first person in space", "first person in space"),
        ("a pep talk before an exam", "pep talk"),
        ("quantum entanglement", "quantum entanglement"),
    ],
)
def test_a_name_on_the_screen_is_one_that_somebody_would_say(about: str, shown: str) -> None:
    assert key(about) == shown


def test_a_question_of_uncertain_grammar_stays_a_question() -> None:
    topic = understand("Why is half of everything I own always somewhere else entirely when needed?")
    assert topic.kind == "question" and topic.question is not None


@pytest.mark.parametrize(
    ("prompt", "archetype"),
    [
        ("POV: rain", "pov"),
        ("Myth: we only use 10% of our brain", "myth-vs-fact"),
        ("A hot take on chess", "hot-take"),
        ("How to juggle", "how-to"),
        ("7 rules of chess", "list"),
        ("What changed when I paid attention to coffee", "testimonial"),
        ("Why running can be hard, and what helps", "problem-solution"),
        ("Why do cats purr?", None),
    ],
)
def test_the_wording_asks_for_an_archetype(prompt: str, archetype: str | None) -> None:
    assert understand(prompt).archetype == archetype


def test_several_sentences_are_the_content_in_their_order() -> None:
    # Given a text that begins with its own first sentence, and one that is announced
    own, announced = (
        understand("Octopuses have three hearts. Two pump blood."),
        understand("Why do cats purr? Ask them."),
    )
    # Then
    assert own.facts == ("Octopuses have three hearts.", "Two pump blood.") and not own.announced
    assert announced.facts == ("Ask them.",) and announced.announced and announced.question == "why do cats purr"


@given(st.text(max_size=120))
def test_nothing_fails_and_the_subject_is_never_empty(prompt: str) -> None:
    topic = understand(prompt)
    assert topic.about and topic.subject and topic.title


@given(
    st.lists(
        st.sampled_from("why how what is are do does the a cat cats to of and or vs 5 top tips for i you not".split()),
        max_size=9,
    )
)
def test_small_words_in_any_order_do_not_fail(words: list[str]) -> None:
    assert understand(" ".join(words)).subject


def test_forms_of_words() -> None:
    assert [plural(w) for w in ("cat", "volcano", "city", "box", "mouse")] == [
        "cats",
        "volcanoes",
        "cities",
        "boxes",
        "mice",
    ]
    assert [third(w) for w in ("float", "try", "go", "wash", "have")] == ["floats", "tries", "goes", "washes", "has"]
    assert [past(w) for w in ("fall", "stop", "try", "bake")] == ["fell", "stopped", "tried", "baked"]
    assert [gerund(w) for w in ("make", "run", "die", "see", "stop")] == [
        "making",
        "running",
        "dying",
        "seeing",
        "stopping",
    ]
    assert [article(w) for w in ("cat", "owl", "hour", "unicorn", "MRI", "GPU")] == ["a", "an", "an", "a", "an", "a"]
    assert [is_plural(w) for w in ("cats", "the sky", "physics", "people", "a bus")] == [
        True,
        False,
        False,
        True,
        False,
    ]
    assert mend_articles("A owl and an ship in a hour") == "An owl and a ship in an hour"


@pytest.mark.parametrize(
    ("prompt", "about", "claim", "group"),
    [
        ("I feel so lonely since I moved", "feeling lonely", "you feel so lonely since you moved", "hard"),
        ("I'm anxious about my first job interview", "feeling anxious", "you're anxious about your first job interview",
         "hard"),
        ("my cat died yesterday", "your cat", "your cat died yesterday", "hard"),
        ("I finally ran a marathon!", "a marathon", "you finally ran a marathon", "glad"),
        ("my son started school today", "your son", "your son started school today", "moment"),
    ],
)  # fmt: skip
def test_what_somebody_tells_of_themselves_is_no_myth_and_no_opinion(
    prompt: str, about: str, claim: str, group: str
) -> None:
    topic = understand(prompt)
    assert (topic.kind, topic.about, topic.claim, topic.archetype) == ("moment", about, claim, "testimonial")
    assert groups(topic)[0] == group


@pytest.mark.parametrize("prompt", ["I quit sugar for 30 days", "we only use 10% of our brain"])
def test_a_report_and_a_belief_of_all_stay_what_they_were(prompt: str) -> None:
    assert understand(prompt).kind == "claim"


def test_what_a_firm_says_of_its_own_is_a_subject() -> None:
    assert (topic := understand("Our app Budgetly helps students save money")).kind == "topic"
    assert topic.about == "our app Budgetly"


@pytest.mark.parametrize(
    ("prompt", "about", "what"),
    [
        ("An ad for GlowBottle, a bottle that glows", "GlowBottle", "a bottle that glows"),
        ("Make me a 15-second commercial for our handmade candles", "handmade candles", None),
        ("Advertise my new coffee shop Bean There", "Bean There", "a new coffee shop"),
        ("Write an ad for coffee beans from Ethiopia", "coffee beans from Ethiopia", None),
        ("Make an ad for Dr. Brown's toothpaste", "Dr. Brown's toothpaste", None),
        ("An ad for our sneakers Cloud Nine", "Cloud Nine", "sneakers"),
        ("Introducing SleepWell, an app for better sleep", "SleepWell", "an app for better sleep"),
        ("Product video: ceramic knife set", "the ceramic knife set", None),
        ("Promote the app called Tidy", "Tidy", "an app"),
    ],
)
def test_an_advertisement_is_about_its_product(prompt: str, about: str, what: str | None) -> None:
    topic = understand(prompt)
    assert (topic.kind, topic.about, topic.what) == ("product", about, what)


@pytest.mark.parametrize(
    ("prompt", "about", "facts"),
    [
        ("ad for my shop Bean There: fresh beans, open from six", "Bean There", ("Fresh beans", "Open from six")),
        ("an ad for Tidy, sorts your mail. Works offline", "Tidy", ("Sorts your mail", "Works offline")),
    ],
)  # fmt: skip
def test_what_is_told_of_a_product_is_told_in_its_own_words(prompt: str, about: str, facts: tuple[str, ...]) -> None:
    topic = understand(prompt)
    assert topic.product and topic.announced and (topic.about, topic.title, topic.facts) == (about, about, facts)


@pytest.mark.parametrize(
    ("prompt", "first"),
    [
        ("An ad for Tidy, an app for lists", "described"), ("An ad for Tidy", "product"),
        ("an ad for a yoga studio", "place"), ("an ad for our bakery Crumb: fresh rolls", "described"),
    ],
)  # fmt: skip
def test_a_place_is_not_advertised_as_a_thing(prompt: str, first: str) -> None:
    found = groups(understand(prompt))
    assert found[0] == first and ("place" in found) == ("studio" in prompt or "bakery" in prompt)


@pytest.mark.parametrize(
    ("prompt", "about"),
    [
        ("a story for children about a snail who wants to fly", "a snail who wants to fly"),
        ("Write a bedtime story for my little daughter about a dragon", "a dragon"),
        ("a short explainer for busy people on inflation", "inflation"),
    ],
)
def test_whom_a_video_is_for_is_not_what_it_is_about(prompt: str, about: str) -> None:
    assert understand(prompt).about == about


@pytest.mark.parametrize(
    ("prompt", "about"),
    [
        ("At night my grandmother used to get up, light the stove and bake bread for us. Her bread was good.", "bread"),
        ("We walked for three days until we found an old hut. Inside was a table set for two.", "this story"),
        ("In the morning the old boat that nobody repaired left the harbour. The boat was empty.", "the boat"),
    ],
)
def test_a_text_is_told_whole_and_named_by_what_it_comes_back_to(prompt: str, about: str) -> None:
    topic = understand(prompt)
    assert (topic.about, topic.announced, len(topic.facts)) == (about, False, 2)


@pytest.mark.parametrize(
    "prompt", ["Promote peace", "A history of ads about soap", "Meet the dodo", "Introducing chess"]
)
def test_what_only_sounds_like_an_advertisement_is_none(prompt: str) -> None:
    assert not understand(prompt).product


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("Market share", "Market share"),
        ("Rate of inflation", "Rate of inflation"),
        ("Market our bakery", "Our bakery"),
    ],
)
def test_a_noun_is_not_taken_for_a_wish(prompt: str, title: str) -> None:
    assert understand(prompt).title == title


def test_a_list_of_signs_is_about_what_they_are_signs_of() -> None:
    assert understand("signs you're dehydrated").about == "being dehydrated"
    assert understand("5 reasons you are always tired").about == "being tired"
