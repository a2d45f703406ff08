-- Groups that hold tickets, for the filter.
select
    group_id,
    count(*) as n_tickets
from ticket_metrics
where group_id is not null
group by group_id
order by n_tickets desc, group_id
limit 200
