"""Every question by its name."""

from __future__ import annotations

from logdig.errors import InputError
from logdig.questions.engine.question import Question
from logdig.questions.listens import listening
from logdig.questions.page import elements, frustration, page_elements, releases, scroll
from logdig.questions.site import counts, journeys, page_flow, trend, visits
from logdig.questions.trials import offers, uplift

TOPICS = (
    visits, scroll, trend, page_flow, counts, elements, page_elements, frustration, releases, offers, uplift, journeys,
    listening,
)  # fmt: skip
QUESTIONS: dict[str, Question] = {question.name: question for topic in TOPICS for question in topic.QUESTIONS}


def question_of(name: str) -> Question:
    """Find a question.

    Raises:
        InputError: There is none of this name.
    """
    if name not in QUESTIONS:
        raise InputError(f"no question is called {name!r}; there are: {', '.join(QUESTIONS)}", name=name)
    return QUESTIONS[name]
