"""What all packaging machines share: state, speed, bottle transport, faults, power and energy.

One step: decide the state from the conditions, ramp the speed, move whole bottles from the infeed to the outfeed
conveyor, then let the machine's own physics follow. A machine slows down when little waits on its infeed, so a line
with faster machines downstream settles instead of stopping and starting (the V-curve of packaging lines).
"""

from random import Random

import msgspec

from uns.simulator.process.conveyor import Conveyor
from uns.simulator.process.physics import Value, clamp, happens, lag, noise, ramp
from uns.simulator.process.setpoints import Limits, Setpoints
from uns.simulator.process.states import TRANSITIONS, Command, State

AMBIENT_CEL = 24.0
STOP_PAUSE_S, START_S, CLEAR_S = 3.0, 5.0, 4.0
STARVED_BOTTLES, RESTART_FILL = 4, 0.15
BLOCKED_FILL, UNBLOCKED_FILL = 0.95, 0.75
SLOW_DOWN_BELOW_FILL = 0.25


class Rating(msgspec.Struct, frozen=True):
    """The name plate. Speeds in bottles per minute, times in seconds, powers in kW."""

    speed: float
    max_speed: float
    standby_kw: float
    load_kw: float
    reject_share: float
    mean_time_between_faults_s: float = 1500.0
    acceleration_per_s: float = 25.0


class Machine:
    """A machine of a packaging line. A subclass adds its physics, its supplies and its own tags."""

    rating: Rating

    def __init__(self, infeed: Conveyor | None, outfeed: Conveyor | None, rng: Random, good: int = 0) -> None:
        self.infeed, self.outfeed, self.rng = infeed, outfeed, rng
        self.setpoints = Setpoints(
            {"speed/setpoint": Limits(0.0, self.rating.max_speed)}, {"speed/setpoint": self.rating.speed}
        )
        self.state = State.EXECUTE
        self.speed = self.rating.speed
        self.good, self.rejected = good, 0
        self.starved = self.blocked = False
        self.motor_cel = 52.0
        self.power_kw = self.rating.standby_kw + self.rating.load_kw
        self.energy_kwh = good * 0.0009
        self._state_s = self._repair_s = self._carry = 0.0

    @property
    def load(self) -> float:
        """Share of the rated speed, from 0 to a little over 1."""
        return self.speed / self.rating.speed

    def step(self, dt_s: float) -> None:
        self._state_s += dt_s
        self._sense_line(dt_s)
        command = self._decide(dt_s)
        if command is not None:
            self._command(command)
        self.speed = ramp(self.speed, self._target_speed(), self.rating.acceleration_per_s, dt_s)
        self._move_bottles(dt_s)
        self.step_physics(dt_s)
        self.motor_cel = lag(self.motor_cel, AMBIENT_CEL + 30.0 * self.load, 300.0, dt_s)
        self.power_kw = max(0.0, self.rating.standby_kw + self.rating.load_kw * self.load + noise(self.rng, 0.05))
        self.energy_kwh += self.power_kw * dt_s / 3600

    def step_physics(self, dt_s: float) -> None:
        """The machine's own quantities, after the bottles have moved."""

    def supply_missing(self) -> bool:
        """Must the machine hold because a supply of its own (caps, labels, air ...) ran out?"""
        return False

    def failed_sensors(self) -> set[str]:
        """Attribute paths whose sensor gives no value now."""
        return set()

    def readings(self) -> dict[str, Value]:
        """Tags by attribute path."""
        return {
            "state": self.state.value,
            "speed/actual": self._read_speed(),
            "speed/setpoint": self.setpoints["speed/setpoint"],
            "count/good": self.good,
            "power": round(self.power_kw, 2),
            "energy": round(self.energy_kwh, 3),
            "alarm/fault": self.state is State.ABORTED,
            "alarm/starved": self.starved,
            "alarm/blocked": self.blocked,
        }

    def _read_speed(self) -> float:
        """Encoder resolution: half a bottle per minute."""
        return max(0.0, round(2 * self.speed * (1 + noise(self.rng, 0.002))) / 2)

    def _sense_line(self, dt_s: float) -> None:
        if self.infeed is not None:
            enough = RESTART_FILL * self.infeed.capacity if self.starved else STARVED_BOTTLES
            self.starved = self.infeed.bottles < enough
        if self.outfeed is not None:
            self.blocked = self.outfeed.fill > (UNBLOCKED_FILL if self.blocked else BLOCKED_FILL)

    def _decide(self, dt_s: float) -> Command | None:
        match self.state:
            case State.STOPPED if self._state_s >= STOP_PAUSE_S and self.setpoints.number("speed/setpoint") > 0:
                return Command.START
            case State.ABORTED if self._state_s >= self._repair_s:
                return Command.CLEAR
            case State.CLEARING if self._state_s >= CLEAR_S:
                return Command.DONE
            case State.STOPPED | State.ABORTED | State.CLEARING:
                return None
        if self.setpoints.number("speed/setpoint") == 0:
            return Command.STOP
        return self._decide_running(dt_s)

    def _decide_running(self, dt_s: float) -> Command | None:
        waits_for_line, lacks_supply = self.starved or self.blocked, self.supply_missing()
        match self.state:
            case State.STARTING if self._state_s >= START_S:
                return Command.DONE
            case State.EXECUTE if happens(self.rng, self.rating.mean_time_between_faults_s, dt_s):
                return Command.ABORT
            case State.EXECUTE if lacks_supply:
                return Command.HOLD
            case State.EXECUTE if waits_for_line:
                return Command.SUSPEND
            case State.SUSPENDED if not waits_for_line:
                return Command.UNSUSPEND
            case State.HELD if not lacks_supply:
                return Command.UNHOLD
        return None

    def _command(self, command: Command) -> None:
        self.state = TRANSITIONS[self.state, command]
        self._state_s = 0.0
        if self.state is State.ABORTED:
            self._repair_s = self.rng.uniform(20.0, 75.0)

    def _target_speed(self) -> float:
        if self.state is not State.EXECUTE:
            return 0.0
        share = 1.0 if self.infeed is None else clamp(self.infeed.fill / SLOW_DOWN_BELOW_FILL, 0.2, 1.0)
        return self.setpoints.number("speed/setpoint") * share

    def _move_bottles(self, dt_s: float) -> None:
        self._carry += self.speed / 60 * dt_s
        whole = int(self._carry)
        self._carry -= whole
        if self.infeed is not None:
            whole = min(whole, self.infeed.bottles)
            self.infeed.take(whole)
        if self.outfeed is not None:
            whole = self._stop_at_full_outfeed(whole)
        rejected = sum(self.rng.random() < self.rating.reject_share for _ in range(whole))
        self.rejected += rejected
        self.good += whole - rejected
        if self.outfeed is not None:
            self.outfeed.put(whole - rejected)

    def _stop_at_full_outfeed(self, whole: int) -> int:
        """Give back to the infeed what the outfeed cannot take."""
        assert self.outfeed is not None
        fits = min(whole, self.outfeed.room)
        if self.infeed is not None:
            self.infeed.put(whole - fits)
        return fits
