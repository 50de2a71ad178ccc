"""The words by which a message shows that it goes on from what was said, and those that say nothing of a topic."""

from __future__ import annotations

_POINTERS = "it its itself they them their theirs this that these those one ones there he she him her"
_OPENERS = "and or but so then also plus why instead otherwise"
_PLACING = "in on at with without from to for by under over after before during as of than via even"
_FRAME = """
a an the i me my mine we us our you your is are was were be been being am do does did done doing have has had can could
should would will shall may might must not no yes what which who whom whose where when why how if whether because
while and or but so then also too just only even still again ever never please tell show give explain say mean means
about more most less least other others another else same such any some all both each every many much few several long
often example examples way ways difference detail details thing things something anything nothing everything next
first last second third latter former better best faster simpler easier instead there here now than as of in on at
with without from to for by into over under after before during through via use used using work works make makes get
gets need needs possible happen happens advantage advantages result reason ok okay thanks really actually exactly
until till since unless whether against between among around within upon above below
"""

POINTERS = frozenset(_POINTERS.split())
"""They point back, unless what they point to stands in the message before them."""

OPENERS = frozenset(_OPENERS.split())
"""A message that begins so goes on from another."""

FRAMES = ("what about", "how about", "what if", "why not", "how so", "what else", "in which case")
"""The same, of several words."""

PLACING = frozenset(_PLACING.split())
"""A short message that begins so has no question of its own."""

FRAME_WORDS = POINTERS | frozenset(_FRAME.split())
"""What a question is put together with; none of them says what it is about."""

ADDING = frozenset(["and", "or", "but", "so", "then", "also", "plus"])
"""Openers that say nothing else."""

ASKING = frozenset(
    ["what", "which", "who", "whom", "whose", "where", "when", "why", "how", "is", "are", "can", "does", "do", "did"]
)
"""A message with one of these among its first words is a question of its own."""

ARTICLES = frozenset(["a", "an", "the"])

ONES = frozenset(["one", "ones"])

OWNERS = frozenset(["its", "their", "theirs", "his", "her"])

BEING = frozenset(["is", "are", "was", "were"])
"""What stands before a thing in `What is a docstring?`."""

DOING = frozenset(["do", "does", "did"])
"""The same in `What does str.split do?`."""

EMPTY_VERBS = frozenset(["do", "work", "mean", "exist", "stand", "for"])
"""What stands after a thing in such a question."""
