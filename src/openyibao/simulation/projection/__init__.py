"""Projection of the funds (基金预测): population by age, what it pays in and what is paid for it, year by year.

Each pool stands alone; personal accounts are no reserve. What is measured comes from a dataset's settled year, what
is supposed stands in `data/` with low, central, high, source and certainty. Inside rates are floating-point numbers,
as in any actuarial model; what comes out is whole fen.
"""
