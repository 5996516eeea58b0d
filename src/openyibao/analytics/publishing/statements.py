"""The statements of a publication (发布语句), over the rooms' views: words become the dataset's numbers.

Four temporary tables go with them: `published_pool` (which pool a registered area and scheme belong to),
`published_person` (a new number for everyone, drawn at random by PostgreSQL and kept nowhere),
`published_institution` and `published_carried` (stays that began before the year they are settled in). Numbers of
years are integers of our own; nothing else is put into a statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from openyibao.analytics.publishing.snapshot import literal
from openyibao.datasets.facade import (
    BENEFIT_CODES,
    EMPLOYER_KINDS,
    FILING_CODES,
    GROUP_CODES,
    LEVEL_CODES,
    STATUS_CODES,
)
from openyibao.people.terms import BULLETIN_GROUPS
from openyibao.policy.terms import SCHEMES as SCHEMES_OF

SCHEMES = ("employee", "resident")
"""What is published; retired cadres and disabled servicemen have no policies and no bills here."""
RELATIONS = "SELECT DISTINCT area, scheme FROM people_census_coverage"
UNIT = "\x1f"
"""Stands between the facts of a variant."""
_KINDS = {word: kind if kind in EMPLOYER_KINDS else "flexible" for word, kind in BULLETIN_GROUPS.items()}


def _code(column: str, words: Sequence[str]) -> str:
    """Number of a word in a code list; NULL for one that is not in it."""
    return f"(array_position({literal(words)}, {column}) - 1)::smallint"


def _groups(has: str) -> str:
    """Bit mask of helped groups; `has` tests for the group {0}."""
    return "(" + " + ".join(f"({has.format(name)})::int * {1 << at}" for at, name in enumerate(GROUP_CODES)) + ")"


_EMPLOYER_KIND = (
    "CASE "
    + " ".join(f"WHEN {{0}} = '{word}' THEN {EMPLOYER_KINDS.index(kind)}" for word, kind in _KINDS.items())
    + " ELSE 0 END::smallint"
)


def pools(known: Iterable[tuple[str, str, int]]) -> list[str]:
    """Make `published_pool` of (registered area, scheme, pool); the areas were checked to be six digits."""
    values = ", ".join(f"('{area}', '{scheme}', {pool}::smallint)" for area, scheme, pool in known)
    return [
        "CREATE TEMP TABLE published_pool (area text, scheme text, pool smallint) ON COMMIT DROP",
        f"INSERT INTO published_pool VALUES {values}",
        "ANALYZE published_pool",
    ]


def persons(years: Sequence[int]) -> list[str]:
    """Make `published_person`: everyone with coverage, a contribution or a bill in the years, in a random order."""
    first, last = years[0], years[-1]
    return [
        f"""CREATE TEMP TABLE published_person ON COMMIT DROP AS
WITH known AS (
  SELECT c.person_id FROM people_census_coverage c JOIN published_pool USING (area, scheme)
   WHERE c.since <= '{last}-12-31' AND (c.until IS NULL OR c.until > '{first}-01-01')
  UNION
  SELECT c.person_id FROM people_census_contribution c JOIN published_pool USING (area, scheme)
   WHERE c.year BETWEEN {first} AND {last}
  UNION
  SELECT i.main_id FROM settlement_standing b JOIN published_pool USING (area, scheme)
    JOIN people_census_identity i ON i.person_id = b.person_id WHERE b.year BETWEEN {first} AND {last}
), drawn AS (
  SELECT person_id, row_number() OVER (ORDER BY gen_random_uuid()) - 1 AS number FROM known
)
SELECT i.person_id, drawn.number FROM drawn JOIN people_census_identity i ON i.main_id = drawn.person_id""",
        "CREATE UNIQUE INDEX ON published_person (person_id)",
        "ANALYZE published_person",
    ]


COUNT = "SELECT count(DISTINCT number)::bigint FROM published_person"
PERSONS = """
SELECT p.number AS person, c.born_on AS birth, coalesce(array_position(ARRAY['1', '2'], c.gender), 0) AS sex,
       p.number AS household, c.area::integer AS county, c.died_on AS died
  FROM people_census c JOIN published_person p USING (person_id) ORDER BY 1
"""


def coverage(maternity: str, care: str) -> str:
    """Coverage (参保时段) that is not suspended. `maternity`, `care`: see `flags`."""
    return f"""
SELECT p.number AS person, c.since AS "from", c.until, q.pool, {_code("c.status", STATUS_CODES)} AS status,
       {_EMPLOYER_KIND.format("c.employment")} AS employer_kind,
       (c.scheme = 'employee' AND NOT c.pool_only)::int AS account, ({maternity})::int AS maternity,
       ({care})::int AS long_term_care
  FROM people_census_coverage c JOIN published_pool q USING (area, scheme) JOIN published_person p USING (person_id)
 WHERE c.state = 'normal' ORDER BY 1, 2
"""


MATERNITY = "c.scheme = 'employee' AND c.status = 'active' AND c.employment NOT IN ('', 'flexible')"
"""Employees with an employer are in maternity insurance: it was merged with the employees' scheme (assumed rule)."""


def in_pools(numbers: Iterable[int]) -> str:
    """Whether a row's pool is one of these."""
    return "q.pool IN (" + ", ".join(str(number) for number in (*sorted(numbers), -1)) + ")"


def contributions(year: int, today: date, maternity: str, care: str) -> str:
    """One row per insured person: the last coverage of the year, what was paid for its pool, the account's opening.

    `times` and `assistance_fen` make the grants; what was paid for another pool of the year is in no row.
    A year that is not over counts to the end of `today`.
    """
    first, until = f"'{year}-01-01'::date", f"'{min(date(year + 1, 1, 1), today + timedelta(1))}'::date"
    has = "bool_or(g.name = '{0}')"
    return f"""
WITH spell AS MATERIALIZED (
  SELECT p.number, q.pool, c.since, c.until, c.status, c.employment, c.pool_only, c.scheme,
         ({maternity}) AS maternity, ({care}) AS care
    FROM people_census_coverage c JOIN published_pool q USING (area, scheme) JOIN published_person p USING (person_id)
   WHERE c.state = 'normal' AND c.since < {until} AND (c.until IS NULL OR c.until > {first})
), last AS (
  SELECT DISTINCT ON (number) * FROM spell ORDER BY number, since DESC
), month AS (
  SELECT number, count(DISTINCT m) AS months FROM spell, LATERAL generate_series(
    extract(month FROM greatest(since, {first}))::int,
    extract(month FROM least(coalesce(until, {until}), {until}) - 1)::int) m GROUP BY number
), paid AS (
  SELECT p.number, q.pool, (array_agg(c.base_fen ORDER BY c.period DESC))[1] AS base_fen,
         sum(c.employer_fen)::bigint AS employer_fen, sum(c.individual_fen)::bigint AS individual_fen,
         sum(c.subsidy_fen)::bigint AS subsidy_fen, sum(c.assistance_fen)::bigint AS assistance_fen,
         sum(c.account_fen)::bigint AS account_fen, count(*) FILTER (WHERE c.assistance_fen > 0) AS times
    FROM people_census_contribution c JOIN published_pool q USING (area, scheme)
    JOIN published_person p USING (person_id) WHERE c.year = {year} GROUP BY p.number, q.pool
), opening AS (
  SELECT p.number, q.pool, sum(a.fen)::bigint AS fen
    FROM ledger_account_year a JOIN published_pool q ON q.area = a.area AND q.scheme = 'employee'
    JOIN published_person p ON p.person_id = a.owner_id WHERE a.year < {year} GROUP BY p.number, q.pool
), helped AS (
  SELECT p.number, {_groups(has)} AS groups FROM people_census_group g JOIN published_person p USING (person_id)
   WHERE g.since < {until} AND (g.until IS NULL OR g.until > {first}) GROUP BY p.number
)
SELECT l.number AS person, l.pool, {_code("l.status", STATUS_CODES)} AS status,
       {_EMPLOYER_KIND.format("l.employment")} AS employer_kind, coalesce(h.groups, 0) AS groups, m.months,
       (l.until IS NULL OR l.until >= {until})::int AS insured_at_year_end,
       (l.scheme = 'employee' AND NOT l.pool_only)::int AS account, l.maternity::int AS maternity,
       l.care::int AS long_term_care, coalesce(d.base_fen, 0) AS base_fen, coalesce(d.employer_fen, 0) AS employer_fen,
       coalesce(d.individual_fen, 0) AS individual_fen, coalesce(d.subsidy_fen, 0) AS subsidy_fen,
       coalesce(d.assistance_fen, 0) AS assistance_fen, coalesce(d.account_fen, 0) AS account_fen,
       coalesce(o.fen, 0) AS account_opening_fen, coalesce(d.times, 0) AS times
  FROM last l JOIN month m USING (number) LEFT JOIN paid d USING (number, pool) LEFT JOIN opening o USING (number, pool)
  LEFT JOIN helped h USING (number)
 ORDER BY 1
"""


def carried(years: Sequence[int]) -> list[str]:
    """Make `published_carried`: what stays bring into a year (跨年住院), by their bills of earlier years.

    A stay counts once, in the year of its first bill that a fund saw: `number` is the how-manieth it was there.
    """
    first, last = years[0], years[-1]
    return [
        f"""CREATE TEMP TABLE published_carried ON COMMIT DROP AS
WITH later AS (
  SELECT DISTINCT p.number AS who, b.stay, b.year
    FROM settlement_bill b JOIN published_pool USING (area, scheme) JOIN published_person p USING (person_id)
   WHERE b.carried AND b.year BETWEEN {first} AND {last}
), bill AS (
  SELECT p.number AS who, b.area, b.scheme, b.stay, b.year, b.seq, b.deductible_fen,
         min(b.year) OVER (PARTITION BY p.number, b.stay) AS began
    FROM settlement_bill b JOIN published_person p USING (person_id)
   WHERE b.stay <> '' AND b.year < {last} AND p.number IN (SELECT who FROM later)
), counted AS (
  SELECT who, stay, row_number() OVER (PARTITION BY who, area, scheme, began ORDER BY min(seq)) AS number
    FROM bill WHERE year = began GROUP BY who, area, scheme, stay, began
)
SELECT l.who, l.stay, l.year, c.number::bigint AS number, sum(b.deductible_fen)::bigint AS deductible_fen
  FROM later l JOIN counted c USING (who, stay) JOIN bill b ON b.who = l.who AND b.stay = l.stay AND b.year < l.year
 GROUP BY 1, 2, 3, 4""",
        "ANALYZE published_carried",
    ]


LAYERS = {
    "basic_fen": ("basic_pool",),
    "serious_illness_fen": ("serious_illness",),
    "special_drug_fen": ("special_drug",),
    "assistance_fen": ("assistance", "assistance_second", "guarantee"),
}
"""Layers by column of `settled`; what other funds pay is `supplement_fund_fen`."""


def bills(year: int) -> str:
    """Standing settlements of a year with what their payers bear now, persons together."""
    layers = [layer for named in LAYERS.values() for layer in named]
    record = ", ".join(f"{layer} bigint" for layer in layers)
    paid = {
        column: " + ".join(f"coalesce(y.{layer}, 0) + coalesce(z.{layer}, 0)" for layer in named)
        for column, named in LAYERS.items()
    }
    columns = ", ".join(f"({text})::bigint AS paid_{column}" for column, text in paid.items())
    return f"""
SELECT p.number AS person, q.pool, b.document_id, b.seq, b.day, b.visit_id, b.admitted, b.discharged,
       {_code("b.status", STATUS_CODES)} AS status, {_groups("jsonb_exists(b.groups, '{0}')")} AS groups,
       b.contribution_class || chr(31) || b.child || chr(31) || b.care_kind || chr(31) || b.disease || chr(31)
         || b.supplements AS variant,
       {_code("b.benefit", BENEFIT_CODES)} AS benefit, {_code("b.level", LEVEL_CODES)} AS level, i.institution,
       CASE WHEN b.filing = '' THEN -1 ELSE {_code("b.filing", FILING_CODES)} END::smallint AS filing,
       (b.filing <> '' AND left(b.care_area, 2) = left(b.area, 2))::int AS in_province,
       b.days, CASE WHEN b.stay <> '' THEN b.stay END AS stay_key, b.waive, (b.exclusion <> '')::int AS excluded,
       (b.account_used AND b.scheme = 'employee')::int AS account,
       b.in_scope_fen, b.prior_self_pay_fen, b.over_limit_fen, b.non_covered_fen, b.special_drug_fen, b.herb_fen,
       b.total_fen AS stated_fen, b.deductible_fen, b.remote_bp,
       (b.fund_fen + b.moved_fund_fen)::bigint AS fund_fen, b.hospital_fen,
       (b.supplement_fen + b.moved_supplement_fen)::bigint AS city_product_fen,
       (b.account_fen + b.family_fen)::bigint AS account_fen, b.carried::int AS carried,
       (b.moved_fund_fen <> 0)::int AS moved, b.plan_hash, coalesce(c.number, 0) AS carried_number,
       coalesce(c.deductible_fen, 0) AS carried_fen, {columns}
  FROM settlement_bill b JOIN published_pool q USING (area, scheme) JOIN published_person p USING (person_id)
  LEFT JOIN published_institution i ON i.code = b.institution_code
  LEFT JOIN published_carried c ON c.who = p.number AND c.stay = b.stay AND c.year = b.year AND b.carried
 CROSS JOIN LATERAL jsonb_to_record(b.payers) AS y({record})
 CROSS JOIN LATERAL jsonb_to_record(b.moved_payers) AS z({record})
 WHERE b.year = {year} ORDER BY 1
"""


def incoming(year: int) -> str:
    """Standing settlements of patients insured elsewhere (外地参保来就医) in institutions of the published areas."""
    return f"""
SELECT b.day, b.area::integer AS insured_area,
       (left(b.area, 2) = left(i.area, 2))::int AS in_province, {_code("b.scheme", tuple(SCHEMES_OF))} AS scheme,
       {_code("b.benefit", BENEFIT_CODES)} AS benefit, {_code("b.level", LEVEL_CODES)} AS level, i.institution,
       CASE WHEN b.benefit NOT IN ('inpatient', 'delivery') THEN 0 ELSE coalesce(greatest(
         b.discharged - greatest(b.admitted, lag(b.discharged) OVER pieces),
         (lag(b.discharged) OVER pieces IS NULL)::int), 0) END AS stay_days,
       b.in_scope_fen, b.in_scope_fen + b.prior_self_pay_fen + b.over_limit_fen + b.non_covered_fen
         + b.special_drug_fen AS total_fen,
       (b.fund_fen + b.moved_fund_fen)::bigint AS fund_fen, b.hospital_fen
  FROM settlement_bill b JOIN published_institution i ON i.code = b.institution_code AND i.inside
  LEFT JOIN published_pool q ON q.area = b.area AND q.scheme = b.scheme
 WHERE b.year = {year} AND q.pool IS NULL
 WINDOW pieces AS (PARTITION BY b.visit_id ORDER BY b.discharged, b.seq)
 ORDER BY b.day, i.institution, total_fen, b.document_id
"""


def institutions(found: Iterable[tuple[str, str, bool]]) -> list[str]:
    """Make `published_institution` of (code, area, inside the published areas) in the order of their numbers.

    A code is a letter and digits, an area six digits.
    """
    values = [
        f"('{code}', {at}, '{area}', {str(inside).lower()})"
        for at, (code, area, inside) in enumerate(found)
        if code.isalnum() and area.isdigit()
    ]
    made = [
        "CREATE TEMP TABLE published_institution (code text, institution integer, area text, inside boolean)"
        " ON COMMIT DROP"
    ]
    for at in range(0, len(values), 10_000):
        made.append(f"INSERT INTO published_institution VALUES {', '.join(values[at : at + 10_000])}")
    return [*made, "ANALYZE published_institution"]
