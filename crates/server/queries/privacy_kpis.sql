-- Values seen by the sanitizer, over all runs.
select
    sum(n_kept) as n_kept,
    sum(n_pseudonymised) as n_pseudonymised,
    sum(n_dropped) as n_dropped,
    sum(n_other) as n_other,
    sum(n_rejected) as n_rejected,
    count(distinct run_id) as n_runs
from stg_zendesk__privacy_ledger
