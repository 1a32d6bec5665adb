"""The state table is closed: no dead end, and nothing that only a fault could reach."""

from uns.simulator.process.states import TRANSITIONS, Command, State


def reachable(start: State) -> set[State]:
    seen, waiting = {start}, [start]
    while waiting:
        state = waiting.pop()
        following = {target for (source, _), target in TRANSITIONS.items() if source is state} - seen
        seen |= following
        waiting += following
    return seen


def test_every_state_leads_to_every_other():
    for state in State:
        assert reachable(state) == set(State)


def test_every_command_is_used():
    assert {command for _, command in TRANSITIONS} == set(Command)


def test_an_aborted_machine_does_not_start_before_it_is_cleared():
    assert {target for (source, _), target in TRANSITIONS.items() if source is State.ABORTED} == {State.CLEARING}
    assert TRANSITIONS[State.CLEARING, Command.DONE] is State.STOPPED
