"""What the author of a plugin can do about a promise that it does not keep."""

from collections.abc import Mapping
from typing import Final

ADVICE: Final[Mapping[str, str]] = {
    "in_time": "bound what the call waits for, below plugin_timeout",
    "right_answer": "see what the device is shown and answers; nothing else was tried before this",
    "honest": "fill in FactorTraits truly, and name the authenticator whose material fitted",
    "prompts": "add prompts/<kind>.html to the folder in Plugin.files, or use a kind of ours",
    "messages": "add messages/<template>.txt to that folder; name the channel in the traits",
    "kept": "keep text, whole numbers and tuples of them in `state`; anything else is bytes",
    "wrong_answer": "compare the whole answer, with hmac.compare_digest",
    "replay": "put into the material what says that this answer was used",
    "race": "return changed material with each Verified; a memory beside it lets two win",
    "enrollment_answer": "count the answer that confirmed the enrollment as used",
    "wrong_enrollment": "let the answer show that the person holds the new authenticator",
    "another_enrollment": "judge an answer by the state of its own enrollment",
    "another_challenge": "bind the answer to the challenge: to its state, or context.subject_id",
    "stateless": "keep nothing in the instance: what matters is in the state or the material",
    "another_person": "give each person a secret of their own",
    "another_persons_authenticator": "skip authenticators whose person is not context.person",
    "another_persons_state": "put the person into the state, and compare it when it comes back",
    "unusable": "skip authenticators that are not `usable`, or hold material of another kind",
    "seeds": "keep the seed whole with how its codes are made; nothing of it is spent at first",
    "malformed": "check form and length before anything else, and reject with one of REASONS",
    "malformed_enrollment": "check form and length before anything else, at each step",
    "stored_form": "store a hash, or a key from which the answer is computed anew",
    "silent": "log and show nothing that was typed, sent or stored; mark fields repr=False",
    "never_blocks": "await, or hand work that costs time to `tools.dear`; bound every pattern",
}
"""One line for each check."""
