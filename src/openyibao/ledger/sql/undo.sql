DROP FUNCTION ledger_digest, ledger_close, ledger_balances, ledger_movements, ledger_reverse, ledger_post;
DROP FUNCTION ledger_personal_account_guard, ledger_journal_balances, ledger_mirrors, ledger_legs_enter,
    ledger_journal_enters, ledger_refuse CASCADE;
