-- Why numbers differ.
select
    reason,
    count(*) as n_values,
    count(distinct ticket_id) as n_tickets,
    median(abs(cast(difference as double))) as difference_median
from parity
where reason <> 'equal'
group by reason
order by n_values desc, reason
