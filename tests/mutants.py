"""Mutants of what guards money, the gate and the risk rules: each is one wrong line, and the named tests must turn red over it.

Those of the order protocol are in tests/simulation/mutants.py.

    make mutants

Works on a copy of the tracked files, so the tree is never touched. Ends with 1 when a mutant survives.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent


class Mutant(NamedTuple):
    """One wrong line: in `file`, `right` becomes `wrong`; `tests` are asked."""

    says: str
    file: str
    right: str
    wrong: str
    tests: str


GATE = "tests/core/deploy/test_guard.py"
WALK = "tests/core/validation/test_walkforward.py"
RULES, VERDICT, BREAKER, EXPOSURE = (f"tests/core/risk/test_{name}.py" for name in ("rules", "verdict", "breaker", "exposure"))
MONTE_CARLO = "tests/core/validation/test_montecarlo.py"

MUTANTS = (
    Mutant(
        "the tail is the mildest drawdown, not the worst",
        "core/validation/montecarlo.py",
        "np.quantile(drawdowns, share)",
        "np.quantile(drawdowns, 1.0 - share)",
        MONTE_CARLO,
    ),
    Mutant(
        "the tail veto looks at the wrong side",
        "core/deploy/guard.py",
        "if -seen.drawdown_1_in_20 <= limits.max_drawdown",
        "if seen.drawdown_1_in_20 <= limits.max_drawdown",
        GATE,
    ),
    Mutant(
        "a fold trains on its own test",
        "core/validation/walkforward.py",
        "fit(market.until(fold.train_stop), release",
        "fit(market.until(fold.test_stop), release",
        WALK,
    ),
    Mutant(
        "nothing is purged before a test",
        "core/validation/walkforward.py",
        "purge = release.rebalance + 1",
        "purge = 0",
        WALK,
    ),
    Mutant("trials are scored without costs", "core/validation/robust.py", "(1.0, 1.5)", "(0.0, 0.0)", WALK),
    Mutant("books pay no fees", "core/portfolio.py", "fee=costs.fee,", "fee=0.0,", "tests/core/test_portfolio.py"),
    Mutant(
        "twice the costs is once",
        "core/validation/evidence.py",
        "daily_returns(walk.net - walk.cost, walk.open_time)",
        "daily_returns(walk.net, walk.open_time)",
        "tests/core/validation/test_evidence.py",
    ),
    Mutant(
        "only tonight's trials count",
        "core/validation/inference.py",
        "trials_of_best(mean_best(resampled)) * trials / len(streams)",
        "trials_of_best(mean_best(resampled))",
        "tests/core/validation/test_inference.py",
    ),
    Mutant(
        "only tonight's trials are handed on",
        "tasks/nightly.py",
        "tried_ever=store().trials.count(family).trials",
        "tried_ever=len(found.trials)",
        "tests/flows/test_optimize.py",
    ),
    Mutant(
        "what is tested is chosen by the test",
        "core/validation/walkforward.py",
        "top_fifth(tried)",
        "(max(tried, key=lambda one: run(seen, ensemble(release, name, (one.params,))).equity[-1]).params,)",
        WALK,
    ),
    Mutant(
        "the family bets on the day it is measured by",
        "core/validation/family.py",
        "squares[VOL_WARMUP_DAYS:-1]",
        "squares[VOL_WARMUP_DAYS + 1 :]",
        "tests/core/validation/test_family.py",
    ),
    Mutant(
        "every night is a new sequence",
        "core/deploy/sequence.py",
        "return max(covering, key=lambda one: one.n_max, default=ranked)",
        "return ranked",
        "tests/core/deploy/test_sequence.py",
    ),
    Mutant(
        "every question gets the whole error",
        "core/deploy/sequence.py",
        "asked.error * 6.0 / (pi * rank) ** 2",
        "asked.error",
        "tests/core/deploy/test_sequence.py",
    ),
    Mutant("a loss at its limit is no breach", "core/risk/losses.py", ">= share * reference", "> share * reference", RULES),
    Mutant("a gain is a loss", "core/risk/losses.py", "reference - view.equity >=", "view.equity - reference >=", RULES),
    Mutant(
        "a drawdown that has fired clears at once",
        "core/risk/losses.py",
        "if rule in view.raised else exact",
        "if False else exact",
        RULES,
    ),
    Mutant("a garbled equity clears a drawdown", "core/risk/losses.py", "return rule in view.raised", "return False", RULES),
    Mutant("data at the edge are fresh", "core/risk/surroundings.py", "if age < timedelta(", "if age <= timedelta(", RULES),
    Mutant("the mildest rule wins", "core/risk/verdict.py", "Judgement(max((", "Judgement(min((", VERDICT),
    Mutant("halting outranks flattening", "core/risk/verdict.py", "HALT = 2", "HALT = 4", VERDICT),
    Mutant(
        "one failure of one request opens the breaker", "core/risk/breaker.py", "total < limits.breaker_calls or ", "", BREAKER
    ),
    Mutant(
        "a tenth of failures opens the breaker",
        "core/risk/breaker.py",
        "failed / total <= limits.breaker_failures",
        "failed / total < limits.breaker_failures",
        BREAKER,
    ),
    Mutant(
        "a clean tick within the pause closes the breaker",
        "core/risk/breaker.py",
        "return _Seen() if tally.at >= seen.until else",
        "return _Seen() if tally.at else",
        BREAKER,
    ),
    Mutant(
        "what failed before the probe opens the breaker again",
        "core/risk/breaker.py",
        "return _Seen() if tally.at >= seen.until",
        "return _Seen(recent) if tally.at >= seen.until",
        BREAKER,
    ),
    Mutant(
        "a ban stops orders but not requests",
        "core/risk/breaker.py",
        "or now >= seen.banned_until",
        "or now <= seen.banned_until",
        BREAKER,
    ),
    Mutant(
        "the worst case ignores what is in flight",
        "core/risk/exposure.py",
        "max(held, Decimal(0))) - entries",
        "max(held, Decimal(0)))",
        EXPOSURE,
    ),
    Mutant(
        "an exit never makes room for an entry",
        "core/risk/exposure.py",
        "held - min(exits, max(held, Decimal(0))) - entries",
        "held - entries",
        EXPOSURE,
    ),
    Mutant(
        "a value at its limit may be entered",
        "core/risk/exposure.py",
        "not self.value < self.limit",
        "self.value > self.limit",
        EXPOSURE,
    ),
    Mutant(
        "an alarm rings on every tick",
        "core/risk/alarms.py",
        "for finding in judgement.findings if finding.rule not in before",
        "for finding in judgement.findings",
        "tests/core/risk/test_alarms.py",
    ),
    Mutant(
        "each entry is weighed alone",
        "core/risk/pretrade.py",
        "counted, before = [*counted, order], after",
        "before = after",
        "tests/core/risk/test_pretrade.py",
    ),
    Mutant(
        "an order in flight does not count before an entry",
        "core/risk/pretrade.py",
        "[*in_flight, *exits]",
        "[*exits]",
        "tests/core/risk/test_pretrade.py",
    ),
)


def main() -> int:
    """Try every mutant; print one line each."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        for name in subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
        survivors = [mutant.says for mutant in MUTANTS if not _killed(mutant, copy)]
    sys.stdout.write(f"{len(MUTANTS) - len(survivors)} of {len(MUTANTS)} mutants killed\n")
    return 1 if survivors else 0


def _killed(mutant: Mutant, copy: Path) -> bool:
    path = copy / mutant.file
    right = path.read_text()
    if right.count(mutant.right) != 1:
        sys.exit(f"{mutant.file}: {mutant.right!r} occurs {right.count(mutant.right)} times, expected once: correct the mutant")
    path.write_text(right.replace(mutant.right, mutant.wrong))
    cache = {"NUMBA_CACHE_DIR": str(copy.parent / "kernels"), "PYTHONPATH": str(copy)}  # one cache: the copy stays in its place
    asked = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", mutant.tests]
    done = subprocess.run(asked, cwd=copy, env={**os.environ, **cache}, capture_output=True, text=True, check=False)
    path.write_text(right)
    last = next((line for line in reversed(done.stdout.splitlines()) if line.startswith("FAILED")), "")
    sys.stdout.write(f"{'killed  ' if done.returncode == 1 else 'SURVIVED'}  {mutant.says}  {last[7:]}\n")
    sys.stdout.flush()
    return done.returncode == 1


if __name__ == "__main__":
    sys.exit(main())
