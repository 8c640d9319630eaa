"""The language and the judgement: nouns, settings, reading, ledger, verdicts. Pure: no network, SQL, clock."""
