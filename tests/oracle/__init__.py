"""The independent oracle (独立验算): a second settlement, written from the documents alone.

It never imports `openyibao`. Amounts are whole fen; ratios and everything between two roundings are `Fraction`.

Read it beside the policy-file reference and the settlement decisions, in this order:

* `figures`  text to exact numbers, and the one rounding.
* `rulebook` policy files: which rule holds for an area, a scheme, a benefit and a date.
* `layers`   how the layers of the chain share one bill, given the year's counters.
* `bills`    from a visit as written to the bill the layers receive: state, gate, components, remote care.
* `settle`   a person-year: visits in order, account and cash, reversals with replay.
"""
