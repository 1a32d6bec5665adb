"""Learn mode: what does live or recorded traffic say about equipment, attributes and their contracts?

observations ─▶ Learner (a Profile per topic) ─▶ structure (assets) ─▶ models, entries ─▶ Learned

Pure, and a proposal only: nothing here changes what is declared. A person looks through the files that come of it.
"""

from uns.policy.learn.learned import Confidence, Entry, Learned, LearnedAttribute, LearnedModel, Proposals, Told
from uns.policy.learn.learner import Learner, LearnLimits
from uns.policy.learn.propose import learn

__all__ = [
    "Confidence",
    "Entry",
    "LearnLimits",
    "Learned",
    "LearnedAttribute",
    "LearnedModel",
    "Learner",
    "Proposals",
    "Told",
    "learn",
]
