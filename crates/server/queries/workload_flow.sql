-- Assignments by step of time, first ones and handovers.
with held as (
    select
        assignment_spans.*,
        ticket_metrics.is_solved
    from assignment_spans
    inner join ticket_metrics
        on assignment_spans.ticket_id = ticket_metrics.ticket_id
    where
        not ticket_metrics.is_merged
        and not ticket_metrics.is_deleted
        and ($group_id is null or assignment_spans.group_id = $group_id)
        and ($priority is null or ticket_metrics.priority = $priority)
        and ($channel is null or ticket_metrics.channel = $channel)
)

select
    cast(date_trunc($bucket, cast(valid_from as timestamp)) as date) as step,
    count(*) filter (where span_number = 1) as n_first,
    count(*) filter (where span_number > 1) as n_handover
from held
where valid_from >= $from and valid_from < $to
group by cast(date_trunc($bucket, cast(valid_from as timestamp)) as date)
order by step
