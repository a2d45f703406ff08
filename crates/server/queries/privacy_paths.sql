-- Where values were dropped, over all runs.
select
    stream,
    path,
    sum(n_dropped) as n_dropped
from stg_zendesk__privacy_ledger
group by stream, path
having sum(n_dropped) > 0
order by n_dropped desc, stream, path
limit 500
