"""Runs inside the peer's own environment: one yearly tiered benefit in OpenFisca-Core, as its users would write it.

Reads {"thresholds": [...], "rates": [...], "yuan": path of a .npy with yearly in-scope cost} from the file named first;
writes the benefits to the .npy named second and prints one JSON line with the CPU seconds of each run.
"""

import json
import sys
import time

import numpy
from openfisca_core.entities import build_entity
from openfisca_core.periods import DateUnit
from openfisca_core.simulation_builder import SimulationBuilder
from openfisca_core.taxbenefitsystems import TaxBenefitSystem
from openfisca_core.taxscales import MarginalRateTaxScale
from openfisca_core.variables import Variable

RUNS = 5


def law(thresholds: list[float], rates: list[float]) -> TaxBenefitSystem:
    """A system with two variables: the year's in-scope cost, and the benefit a marginal scale gives on it."""
    person = build_entity(key="person", plural="persons", label="Person", is_person=True)
    scale = MarginalRateTaxScale(name="inpatient")
    for threshold, rate in zip(thresholds, rates, strict=True):
        scale.add_bracket(threshold, rate)

    class in_scope(Variable):  # noqa: N801  (a variable's class name is its name)
        value_type = float
        entity = person
        definition_period = DateUnit.YEAR
        label = "In-scope cost of the year"

    class benefit(Variable):  # noqa: N801
        value_type = float
        entity = person
        definition_period = DateUnit.YEAR
        label = "Payment of the basic pool"

        def formula(persons, period):  # noqa: N805  (OpenFisca calls it with the population)
            return scale.calc(persons("in_scope", period))

    system = TaxBenefitSystem([person])
    system.add_variable(in_scope)
    system.add_variable(benefit)
    return system


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        job = json.load(file)
    yuan = numpy.load(job["yuan"])
    system = law(job["thresholds"], job["rates"])
    seconds = []
    for _ in range(RUNS):
        simulation = SimulationBuilder().build_default_simulation(system, count=len(yuan))
        simulation.set_input("in_scope", "2022", yuan)
        start = time.process_time()
        result = simulation.calculate("benefit", "2022")
        seconds.append(time.process_time() - start)
    numpy.save(sys.argv[2], result)
    sys.stdout.write(json.dumps({"cpu_seconds": seconds, "dtype": str(result.dtype)}) + "\n")


main()
