import time
from tests.ledger.books import *
from openyibao.foundation import sql
from openyibao.foundation.actors import SYSTEM
from openyibao.ledger.contracts import POST_SQL, JournalDraft, Month
from openyibao.ledger.facade import legs_of
from django.db import connection
def test_x(db):
    with transaction.atomic():
        sql.run("INSERT INTO ledger_personal_account (owner_id, area, opened_on, balance_fen, interest_year) SELECT g, '371500', '2020-01-01', 0, 0 FROM generate_series(1,100000) g")
    for k in range(0,100000,20000):
        with transaction.atomic():
            t=time.perf_counter()
            sql.run("SELECT count(ledger_post('business','371500','2024-01-05',now(),'account_transfer_in','test','open',null,'',ARRAY['received','personal_account'],ARRAY['employee_account','employee_account'],ARRAY['','person'],ARRAY['',id::text],ARRAY[1000000,0]::bigint[],ARRAY[0,1000000]::bigint[])) FROM ledger_personal_account WHERE id > %s AND id <= %s", (k,k+20000))
            sql.run("SELECT ledger_post('fund','371500','2024-01-05',now(),'account_transfer_in','test','open',null,'',ARRAY['income_account','transfer_income'],ARRAY['employee_account','employee_account'],ARRAY['',''],ARRAY['',''],ARRAY[20000000000,0]::bigint[],ARRAY[0,20000000000]::bigint[])")
        print("open 2-leg us", (time.perf_counter()-t)/20000*1e6)
    for k in range(10):
        t=time.perf_counter()
        with transaction.atomic():
            sql.run("SELECT count(ledger_post('business','371500','2024-01-06'::date + (g %% 80)::int,now(),'settlement','setl',g::text,null,'',ARRAY['claims_settled','payable_institution','claims_settled','payable_institution','personal_account','payable_institution'],ARRAY['employee_pool','employee_pool','assistance','assistance','employee_account','employee_account'],ARRAY['person','institution','person','institution','person','institution'],ARRAY[g::text,'H'||(g%%60),g::text,'H'||(g%%60),((g*7919)%%100000+1)::text,'H'||(g%%60)],ARRAY[5000,0,700,0,50,0]::bigint[],ARRAY[0,5000,0,700,0,50]::bigint[])) FROM generate_series(%s::bigint,%s::bigint) g", (k*20000, k*20000+19999))
        print("settle 6-leg us", (time.perf_counter()-t)/20000*1e6)
    sql.run("ANALYZE")
    def timed(name, f):
        t=time.perf_counter(); r=f(); print(name, round(time.perf_counter()-t,2)); return r
    timed("trial", lambda: facade.trial_balance("business", AREA, Month(date(2024,2,1))))
    timed("bridge", lambda: facade.bridge(AREA, Month(date(2024,2,1))))
    timed("stmt person", lambda: facade.account_statement(77, date(2024,1,1), date(2024,12,31)))
    timed("stmt inst", lambda: len(facade.institution_statement("H5", date(2024,1,1), date(2024,12,31)).lines))
    with transaction.atomic(): timed("seal", lambda: facade.seal_day(SYSTEM, AREA, date(2024,5,1), AT))
    for m in (1,2):
        with transaction.atomic(): timed("close", lambda: facade.close_month(SYSTEM, AREA, Month(date(2024,m,1)), AT))
    timed("trial", lambda: facade.trial_balance("business", AREA, Month(date(2024,3,1))))
    with transaction.atomic(): timed("interest", lambda: facade.credit_interest(SYSTEM, AREA, 2023, date(2024,5,1), AT))
    print(timed("verify", facade.verify).findings[:3])
    legs = tuple(legs_of("settlement", {"fund:employee_pool": 500, "fund:serious_illness_employee": 3, "fund:assistance": 4, "account:5": 3}, {"institution": HOSPITAL, "person":"1"}))
    d = JournalDraft("business", AREA, date(2024,5,6), AT, "settlement", "setl", "S1", legs)
    n=3000
    for _ in range(2):
        t=time.perf_counter()
        for i in range(n):
            with transaction.atomic():
                sql.one(f"SELECT {POST_SQL}", d.parameters())
        a=time.perf_counter()-t
        t=time.perf_counter()
        for i in range(n):
            with transaction.atomic():
                sql.one("SELECT 1")
        b=time.perf_counter()-t
        print("client us per post incl commit", a/n*1e6, "empty", b/n*1e6)
    assert 0
