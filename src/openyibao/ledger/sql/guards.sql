-- What PostgreSQL itself refuses, and the functions of the hot path. PostgreSQL 15 and later, no extension.
--   OY001 overdrawn · OY002 append-only · OY011 month closed · OY012 unbalanced · OY013 account, fund or party wrong
--   OY014 legs added later · OY015 sealed meanwhile · OY016 reversal not the exact negative · OY017 account closed
-- Posting holds a shared advisory lock on its area, closing and sealing an exclusive one: neither misses a posting
-- in flight, and postings do not wait for each other.

CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'OY002';
END $$;

CREATE TRIGGER ledger_journal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_journal
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_leg_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_leg
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_period_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_period
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_snapshot_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_snapshot
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_seal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_seal
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_account_kept BEFORE DELETE OR TRUNCATE ON ledger_account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_account_fixed BEFORE UPDATE ON ledger_account
    FOR EACH ROW WHEN ((OLD.code, OLD.book, OLD.kind) IS DISTINCT FROM (NEW.code, NEW.book, NEW.kind))
    EXECUTE FUNCTION ledger_refuse();

-- A journal enters an open month, after whatever is sealed already.
CREATE FUNCTION ledger_journal_enters() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    open_from date;
    sealed_to bigint;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(20151, NEW.area::int);
    SELECT max(until) INTO open_from FROM ledger_period WHERE area = NEW.area AND book = NEW.book;
    IF NEW.day < open_from THEN
        RAISE EXCEPTION '% book of % is closed before %', NEW.book, NEW.area, open_from USING ERRCODE = 'OY011';
    END IF;
    SELECT last_id INTO sealed_to FROM ledger_seal WHERE area = NEW.area ORDER BY day DESC LIMIT 1;
    IF NEW.id <= sealed_to THEN
        RAISE EXCEPTION 'journal % of % comes after the seal of %', NEW.id, NEW.area, sealed_to USING ERRCODE = 'OY015';
    END IF;
    NEW.xact := pg_current_xact_id()::text::bigint;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_journal_enters BEFORE INSERT ON ledger_journal
    FOR EACH ROW EXECUTE FUNCTION ledger_journal_enters();

-- Legs belong to a journal of this very transaction and fit the chart; they alone move personal accounts, by id.
CREATE FUNCTION ledger_legs_enter() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong record;
    moved record;
BEGIN
    SELECT l.journal_id, l.line, l.account_code, j.id IS NULL AS late INTO wrong
    FROM entered l
    LEFT JOIN ledger_journal j ON j.id = l.journal_id AND j.xact = pg_current_xact_id()::text::bigint
    LEFT JOIN ledger_account a ON a.code = l.account_code AND a.book = j.book
    WHERE a.code IS NULL OR l.fund = ''
        OR NOT (l.party_kind = a.party_kind AND (l.party = '') = (l.party_kind = '') AND l.party_kind <> ''
                OR l.party_kind = '' AND l.party = '' AND NOT a.party_required)
    LIMIT 1;
    IF FOUND THEN
        IF wrong.late THEN
            RAISE EXCEPTION 'journal % is not of this transaction: no leg may be added', wrong.journal_id
                USING ERRCODE = 'OY014';
        END IF;
        RAISE EXCEPTION 'leg % of journal %: account %, its book, fund or party do not fit the chart',
            wrong.line, wrong.journal_id, wrong.account_code USING ERRCODE = 'OY013';
    END IF;
    FOR moved IN
        SELECT l.party::bigint AS id, j.area, sum(l.credit_fen - l.debit_fen)::bigint AS fen
        FROM entered l JOIN ledger_journal j ON j.id = l.journal_id
        WHERE l.account_code = 'personal_account' GROUP BY 1, 2 ORDER BY 1
    LOOP
        UPDATE ledger_personal_account SET balance_fen = balance_fen + moved.fen
        WHERE id = moved.id AND area = moved.area AND closed_on IS NULL AND balance_fen + moved.fen >= 0;
        IF NOT FOUND THEN
            IF EXISTS (SELECT 1 FROM ledger_personal_account
                       WHERE id = moved.id AND area = moved.area AND closed_on IS NULL) THEN
                RAISE EXCEPTION 'personal account % holds less than % fen', moved.id, -moved.fen
                    USING ERRCODE = 'OY001';
            END IF;
            RAISE EXCEPTION 'personal account % is not open in %', moved.id, moved.area USING ERRCODE = 'OY017';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_legs_enter AFTER INSERT ON ledger_leg
    REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION ledger_legs_enter();

-- At commit: at least two legs, debits equal credits for every fund, a reversal is the exact negative.
CREATE FUNCTION ledger_journal_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    legs bigint;
    balanced boolean;
BEGIN
    SELECT sum(f.n), bool_and(f.even) INTO legs, balanced
    FROM (SELECT count(*) AS n, sum(debit_fen) = sum(credit_fen) AS even
          FROM ledger_leg WHERE journal_id = NEW.id GROUP BY fund) f;
    IF legs IS NULL OR NOT balanced THEN
        RAISE EXCEPTION 'journal % is not balanced for every fund', NEW.id USING ERRCODE = 'OY012';
    END IF;
    IF NEW.reverses_id IS NOT NULL AND NOT ledger_mirrors(NEW.id, NEW.reverses_id) THEN
        RAISE EXCEPTION 'journal % is not the exact negative of %', NEW.id, NEW.reverses_id USING ERRCODE = 'OY016';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_journal_balances AFTER INSERT ON ledger_journal
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_journal_balances();

-- Whether one journal takes another back: same book and area, sides exchanged, and the other is no reversal itself.
CREATE FUNCTION ledger_mirrors(p_back bigint, p_forth bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT 1 FROM ledger_journal b JOIN ledger_journal f ON f.id = p_forth
                   WHERE b.id = p_back AND b.book = f.book AND b.area = f.area AND f.reverses_id IS NULL)
    AND NOT EXISTS (
        SELECT 1 FROM (
            SELECT account_code, fund, party_kind, party, debit_fen - credit_fen AS fen
            FROM ledger_leg WHERE journal_id = p_back
            UNION ALL
            SELECT account_code, fund, party_kind, party, debit_fen - credit_fen
            FROM ledger_leg WHERE journal_id = p_forth
        ) l GROUP BY account_code, fund, party_kind, party, abs(fen) HAVING sum(fen) <> 0)
$$;

-- Personal accounts begin empty, are never removed, and move only inside the trigger above.
CREATE FUNCTION ledger_personal_account_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.balance_fen = 0 THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND pg_trigger_depth() > 1 THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the balance of a personal account moves only by posting' USING ERRCODE = 'OY002';
END $$;
CREATE TRIGGER ledger_personal_account_empty BEFORE INSERT ON ledger_personal_account
    FOR EACH ROW EXECUTE FUNCTION ledger_personal_account_guard();
CREATE TRIGGER ledger_personal_account_moves BEFORE UPDATE ON ledger_personal_account
    FOR EACH ROW WHEN ((OLD.balance_fen, OLD.id, OLD.area) IS DISTINCT FROM (NEW.balance_fen, NEW.id, NEW.area))
    EXECUTE FUNCTION ledger_personal_account_guard();
CREATE TRIGGER ledger_personal_account_kept BEFORE DELETE OR TRUNCATE ON ledger_personal_account
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse();

CREATE FUNCTION ledger_post(
    p_book text, p_area text, p_day date, p_at timestamptz, p_template text, p_kind text, p_document text,
    p_reverses bigint, p_note text, p_accounts text[], p_funds text[], p_party_kinds text[], p_parties text[],
    p_debits bigint[], p_credits bigint[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    entered bigint;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(20151, p_area::int);
    INSERT INTO ledger_journal (book, area, day, posted_at, template, document_kind, document_no, reverses_id, note)
    VALUES (p_book, p_area, p_day, p_at, p_template, p_kind, p_document, p_reverses, p_note)
    RETURNING id INTO entered;
    INSERT INTO ledger_leg (journal_id, line, account_code, fund, party_kind, party, debit_fen, credit_fen)
    SELECT entered, l.line, l.account_code, l.fund, l.party_kind, l.party, l.debit_fen, l.credit_fen
    FROM unnest(p_accounts, p_funds, p_party_kinds, p_parties, p_debits, p_credits)
        WITH ORDINALITY AS l (account_code, fund, party_kind, party, debit_fen, credit_fen, line);
    RETURN entered;
END $$;

-- The exact negative of a journal; null when there is no such journal.
CREATE FUNCTION ledger_reverse(
    p_journal bigint, p_day date, p_at timestamptz, p_kind text, p_document text, p_note text
) RETURNS bigint LANGUAGE sql AS $$
    SELECT ledger_post(j.book, j.area, p_day, p_at, j.template, p_kind, p_document, j.id, p_note,
        l.accounts, l.funds, l.party_kinds, l.parties, l.credits, l.debits)
    FROM ledger_journal j, LATERAL (
        SELECT array_agg(account_code ORDER BY line) AS accounts, array_agg(fund ORDER BY line) AS funds,
            array_agg(party_kind ORDER BY line) AS party_kinds, array_agg(party ORDER BY line) AS parties,
            array_agg(credit_fen ORDER BY line) AS credits, array_agg(debit_fen ORDER BY line) AS debits
        FROM ledger_leg WHERE journal_id = j.id) l
    WHERE j.id = p_journal
$$;

-- Movements of a book and area by account, fund and party in [p_from, p_until); persons are taken together.
CREATE FUNCTION ledger_movements(p_area text, p_book text, p_from date, p_until date)
RETURNS TABLE (account_code text, fund text, party_kind text, party text, debit_fen bigint, credit_fen bigint)
LANGUAGE sql STABLE AS $$
    SELECT l.account_code, l.fund, CASE l.party_kind WHEN 'person' THEN '' ELSE l.party_kind END,
        CASE l.party_kind WHEN 'person' THEN '' ELSE l.party END, sum(l.debit_fen)::bigint, sum(l.credit_fen)::bigint
    FROM ledger_journal j JOIN ledger_leg l ON l.journal_id = j.id
    WHERE j.area = p_area AND j.book = p_book AND j.day >= p_from AND j.day < p_until
    GROUP BY 1, 2, 3, 4
$$;

-- Balances (debit minus credit) of all days before p_until: the latest snapshot and what came after it.
CREATE FUNCTION ledger_balances(p_area text, p_book text, p_until date)
RETURNS TABLE (account_code text, fund text, party_kind text, party text, balance_fen bigint)
LANGUAGE sql STABLE AS $$
    WITH base AS (SELECT coalesce(max(until), '-infinity') AS until FROM ledger_period
                  WHERE area = p_area AND book = p_book AND until <= p_until)
    SELECT b.account_code, b.fund, b.party_kind, b.party, sum(b.fen)::bigint FROM (
        SELECT s.account_code, s.fund, s.party_kind, s.party, s.balance_fen AS fen
        FROM ledger_snapshot s, base WHERE s.area = p_area AND s.book = p_book AND s.until = base.until
        UNION ALL
        SELECT m.account_code, m.fund, m.party_kind, m.party, m.debit_fen - m.credit_fen
        FROM base, ledger_movements(p_area, p_book, base.until, p_until) m
    ) b GROUP BY 1, 2, 3, 4
$$;

-- Close a month: everything before p_until is summed up and nothing dated there enters any more.
CREATE FUNCTION ledger_close(p_area text, p_book text, p_month date, p_until date, p_at timestamptz, p_by text)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    before date;
    written bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(20151, p_area::int);
    SELECT coalesce(max(until), '-infinity') INTO before FROM ledger_period WHERE area = p_area AND book = p_book;
    INSERT INTO ledger_snapshot (book, area, until, account_code, fund, party_kind, party, debit_fen, credit_fen,
                                 balance_fen)
    SELECT p_book, p_area, p_until, b.account_code, b.fund, b.party_kind, b.party,
        coalesce(m.debit_fen, 0), coalesce(m.credit_fen, 0), b.balance_fen
    FROM ledger_balances(p_area, p_book, p_until) b
    LEFT JOIN ledger_movements(p_area, p_book, before, p_until) m USING (account_code, fund, party_kind, party)
    WHERE b.balance_fen <> 0 OR m.account_code IS NOT NULL;
    GET DIAGNOSTICS written = ROW_COUNT;
    INSERT INTO ledger_period (book, area, month, until, last_id, closed_at, closed_by)
    SELECT p_book, p_area, p_month, p_until, coalesce(max(id), 0), p_at, p_by
    FROM ledger_journal WHERE area = p_area AND book = p_book;
    RETURN written;
END $$;

-- Fingerprint of an area's journals with p_after < id <= p_upto, chained to the one before.
CREATE FUNCTION ledger_digest(p_area text, p_after bigint, p_upto bigint, p_previous bytea)
RETURNS TABLE (journals bigint, debit_fen bigint, hash bytea) LANGUAGE sql STABLE AS $$
    WITH leaf AS (
        SELECT j.id, coalesce(sum(l.debit_fen), 0) AS debit_fen, sha256(convert_to(jsonb_build_array(
            j.id, j.book, j.area, to_char(j.day, 'YYYY-MM-DD'), (extract(epoch FROM j.posted_at) * 1000000)::bigint,
            j.template, j.document_kind, j.document_no, j.reverses_id, j.note,
            jsonb_agg(jsonb_build_array(l.line, l.account_code, l.fund, l.party_kind, l.party, l.debit_fen,
                                        l.credit_fen) ORDER BY l.line)
        )::text, 'UTF8')) AS hash
        FROM ledger_journal j LEFT JOIN ledger_leg l ON l.journal_id = j.id
        WHERE j.area = p_area AND j.id > p_after AND j.id <= p_upto GROUP BY j.id
    )
    SELECT count(*), coalesce(sum(debit_fen), 0)::bigint,
        sha256(p_previous || coalesce(string_agg(hash, ''::bytea ORDER BY id), ''::bytea))
    FROM leaf
$$;
