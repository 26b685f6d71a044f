"""Twelve prompts of the kinds that people write: questions, lists, stories, how-tos, opinions."""

PROMPTS = (
    "Why do cats purr?",
    "How to make better coffee at home",
    "5 facts about the deep sea",
    "A short story about a lost key",
    "POV: your boss says 'quick call'",
    "Is it true that we only use 10% of our brain?",
    "I tried waking up at 5am for 30 days",
    "Three ways to enjoy a rainy day",
    "Hot take: pineapple belongs on pizza",
    "The biggest myth about sharks",
    "How to stop procrastinating",
    "Why is the sky blue?",
)
