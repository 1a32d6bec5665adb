"""How does the text of a plant file change, with every comment and everything else in it as it was?"""

from uns.app.edit.branch import move_branch
from uns.app.edit.proposal import carry_out, changes_after

__all__ = ["carry_out", "changes_after", "move_branch"]
