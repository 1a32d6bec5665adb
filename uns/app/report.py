"""How does a problem in a plant directory read for a person?"""

from pathlib import Path

from uns.app.plant.problem import Problem


def problem_lines(problem: Problem, directory: Path) -> list[str]:
    """`plant/namespace.yaml:12:5: error id: what`, as editors and compilers understand it; below it, what to do."""
    path = problem.file if problem.file in ("environment", "server") else str(directory / problem.file)
    place = f"{path}:{problem.line}:{problem.column}" if problem.line else path
    finding = problem.finding
    lines = [f"{place}: {problem.severity} {finding.id}: {finding.what}"]
    if finding.nearest:
        lines.append(f"  Did you mean '{finding.nearest}'?")
    if finding.hint:
        lines.append(f"  {finding.hint}")
    return lines
