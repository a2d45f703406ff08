-- What became of the values of each stream, over all runs.
select
    stream,
    sum(n_kept) as n_kept,
    sum(n_pseudonymised) as n_pseudonymised,
    sum(n_other) as n_other,
    sum(n_dropped) as n_dropped
from stg_zendesk__privacy_ledger
group by stream
order by stream
